"""The loader in this process, held against torch's: the same batches for the same arguments (lesson 10)."""

from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.utils.data.dataloader
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import IterableDataset
from torch.utils.data import TensorDataset as TorchTensorDataset

import course_lib.loader
from course_lib import BatchSampler, DataLoader, TensorDataset

Pair = namedtuple("Pair", "index, value")


class Squares:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if not 0 <= index < self.n:
            raise IndexError(index)
        return Pair(index, torch.tensor(float(index**2)))


class Stream(IterableDataset):
    def __init__(self, n, declared=None):
        self.n = n
        self.declared = declared

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self):
        if self.declared is None:
            raise TypeError("no length")
        return self.declared


def generator(seed):
    return torch.Generator().manual_seed(seed)


def assert_same(ours, theirs):
    ours, theirs = list(ours), list(theirs)
    assert len(ours) == len(theirs)
    for mine, yours in zip(ours, theirs):
        assert type(mine) is type(yours)
        if isinstance(mine, torch.Tensor):
            assert mine.dtype == yours.dtype
            assert torch.equal(mine, yours)
        elif isinstance(mine, list | tuple):
            assert_same(mine, yours)
        else:
            assert mine == yours


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(0, 30),
    batch_size=st.one_of(st.none(), st.integers(1, 9)),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_same_batches_and_length_as_torch(n, batch_size, shuffle, drop_last, seed):
    arguments = {"batch_size": batch_size, "drop_last": drop_last and batch_size is not None}
    arguments["shuffle"] = shuffle and n > 0
    ours = DataLoader(Squares(n), **arguments, generator=generator(seed))
    theirs = TorchLoader(Squares(n), **arguments, generator=generator(seed))
    assert len(ours) == len(theirs)
    for _ in range(2):  # the second epoch continues the same generator
        assert_same(ours, theirs)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(0, 20), batch_size=st.one_of(st.none(), st.integers(1, 6)), drop_last=st.booleans())
def test_same_stream_as_torch(n, batch_size, drop_last):
    arguments = {"batch_size": batch_size, "drop_last": drop_last and batch_size is not None}
    ours, theirs = DataLoader(Stream(n, n), **arguments), TorchLoader(Stream(n, n), **arguments)
    assert_same(ours, theirs)
    assert len(ours) == len(theirs)


def test_global_generator_moves_as_with_torch():
    def epochs(loader_class):
        torch.manual_seed(5)
        loader = loader_class(Squares(11), 3, shuffle=True)
        return [batch for _ in range(2) for batch in loader], torch.rand(1)

    (ours, after_ours), (theirs, after_theirs) = epochs(DataLoader), epochs(TorchLoader)
    assert_same(ours, theirs)
    assert torch.equal(after_ours, after_theirs)


def test_global_generator_rests_when_one_is_given():
    state = torch.get_rng_state()
    list(DataLoader(Squares(9), 2, shuffle=True, generator=generator(1)))
    assert torch.equal(torch.get_rng_state(), state)


def test_batch_fetch_gets_the_whole_batch_once():
    class Counting(TensorDataset):
        calls = ()

        def __getitems__(self, indices):
            self.calls += (list(indices),)
            return super().__getitems__(indices)

    dataset = Counting(torch.arange(7))
    batches = list(DataLoader(dataset, 3))
    assert dataset.calls == ([0, 1, 2], [3, 4, 5], [6])
    assert_same(batches, TorchLoader(TorchTensorDataset(torch.arange(7)), 3))


def test_a_batch_fetch_may_return_fewer_samples():
    class Skipping(Squares):
        def __getitems__(self, indices):
            return [self[index] for index in indices if index % 3]

    sizes = [len(batch.index) for batch in DataLoader(Skipping(9), 3)]
    assert sizes == [2, 2, 2]


@pytest.mark.parametrize("batches", [[[0, 2], [1]], [(3,), (0, 1, 2)]])
def test_any_iterable_is_a_batch_sampler(batches):
    loader = DataLoader(Squares(4), batch_sampler=batches)
    assert loader.batch_size is None
    assert len(loader) == 2
    assert [batch.index.tolist() for batch in loader] == [list(batch) for batch in batches]


def test_samplers_of_both_kinds():
    expected = [[3, 1], [2]]
    for loader in (
        DataLoader(Squares(4), 2, sampler=[3, 1, 2]),
        DataLoader(Squares(4), batch_sampler=BatchSampler([3, 1, 2], 2, False)),
        DataLoader(Squares(4), batch_sampler=torch.utils.data.BatchSampler([3, 1, 2], 2, False)),
    ):
        assert [batch.index.tolist() for batch in loader] == expected


def test_our_dataset_in_torchs_loader_and_torchs_in_ours():
    data = torch.arange(12.0).reshape(6, 2)
    ours = DataLoader(TorchTensorDataset(data), 4, shuffle=True, generator=generator(3))
    theirs = TorchLoader(TensorDataset(data), 4, shuffle=True, generator=generator(3))
    assert_same(ours, theirs)


def test_after_an_error_the_next_batch_follows():
    class Broken(Squares):
        def __getitem__(self, index):
            if index == 2:
                raise OSError(5, "unreadable")
            return super().__getitem__(index)

    iterator = iter(DataLoader(Broken(6), 2))
    next(iterator)
    with pytest.raises(OSError, match="sample 2") as caught:
        next(iterator)
    assert caught.value.errno == 5
    assert next(iterator).index.tolist() == [4, 5]
    with pytest.raises(StopIteration):
        next(iterator)


def test_stop_iteration_of_a_sample_does_not_end_the_epoch_unseen():
    class Stopping(Squares):
        def __getitem__(self, index):
            raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        next(iter(DataLoader(Stopping(3))))


def test_length_follows_a_growing_dataset():
    data = [1, 2, 3]
    loader = DataLoader(data, 2)
    assert len(loader) == 2
    data += [4, 5]
    assert len(loader) == 3
    assert sum(len(batch) for batch in loader) == 5


def test_a_stream_longer_than_declared_warns_once_len_was_asked():
    loader = DataLoader(Stream(6, declared=4), 2)
    assert len(list(loader)) == 3
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="Length of IterableDataset Stream was reported to be 4") as caught:
        list(loader)
    assert len(caught) == 1


def test_a_stream_without_length_has_none():
    with pytest.raises(TypeError):
        len(DataLoader(Stream(3)))


def test_numpy_scalars_and_strings_are_collated():
    loader = DataLoader([(np.float32(1), "a"), (np.float32(2), "b")], 2)
    assert_same(loader, TorchLoader([(np.float32(1), "a"), (np.float32(2), "b")], 2))


def test_iterator_has_a_length_and_cannot_be_pickled():
    iterator = iter(DataLoader(Squares(5), 2))
    assert len(iterator) == 3
    with pytest.raises(NotImplementedError):
        iterator.__reduce_ex__(4)


def test_subscript():
    assert DataLoader[int](Squares(1), 1)


def count_lines(files):
    """Return the number of lines that are not blank."""
    return sum(bool(line.strip()) for file in files for line in file.read_text(encoding="utf-8").splitlines())


@pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 15), reason="it is measured by torch 2.15"
)
def test_the_whole_loader_is_shorter_than_torchs():
    ours = Path(course_lib.loader.__file__).parent
    theirs = Path(torch.utils.data.dataloader.__file__)
    torchs_lines = count_lines([theirs, *(theirs.parent / "_utils").glob("*.py")])
    assert 1000 < count_lines(ours.glob("*.py")) < torchs_lines


def sort_and_add(samples):
    """Do to a list of samples what only a list allows."""
    samples.sort(key=lambda sample: -int(sample[0]))
    samples.append(samples.pop(0))
    return isinstance(samples, list), [int(sample[0]) for sample in samples + samples[:1]]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_collate_function_gets_a_list(workers):
    dataset = TensorDataset(torch.arange(6), torch.arange(6))
    loader = DataLoader(dataset, batch_size=3, collate_fn=sort_and_add, num_workers=workers)
    assert list(loader) == [(True, [1, 0, 2, 1]), (True, [4, 3, 5, 4])]
