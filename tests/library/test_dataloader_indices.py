"""Indices reach the dataset as tensors where both ends know them, else as plain ints (lesson 10)."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import RandomSampler as TorchRandomSampler

from course_lib import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler, TensorDataset


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Recorder(Dataset):
    """Keeps the indices of every batch as it got them."""

    accepts_index_tensor = True

    def __init__(self, size=10):
        self.size = size
        self.seen = []

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return index

    def __getitems__(self, indices):
        self.seen.append(indices)
        return torch.as_tensor(indices).tolist()


@given(
    size=st.integers(1, 30),
    batch_size=st.integers(1, 40),
    num_samples=st.none() | st.integers(1, 90),
    replacement=st.booleans(),
    drop_last=st.booleans(),
    seed=st.integers(0, 9),
)
def test_tensors_are_the_lists_and_draw_at_the_same_moments(
    size, batch_size, num_samples, replacement, drop_last, seed
):
    generators = seeded(seed), seeded(seed)
    lists, tensors = (
        BatchSampler(RandomSampler(range(size), replacement, num_samples, source), batch_size, drop_last)
        for source in generators
    )
    for _ in range(2):
        ours = tensors.tensors()
        for batch in lists:
            assert next(ours).tolist() == batch
            assert torch.equal(generators[0].get_state(), generators[1].get_state())
        assert next(ours, None) is None
        assert torch.equal(generators[0].get_state(), generators[1].get_state())


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 200_000])
def test_a_sequence_of_many_blocks_has_no_seams(size):
    batches = BatchSampler(SequentialSampler(range(size)), 3, False).tensors()
    assert torch.equal(torch.cat([torch.empty(0, dtype=torch.int64), *batches]), torch.arange(size))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_the_loader_hands_tensors_to_a_dataset_that_takes_them(shuffle, workers):
    class Kind(Recorder):
        accepts_index_tensor = True

        def __getitems__(self, indices):
            return [isinstance(indices, torch.Tensor) for _ in indices]

    loader = DataLoader(Kind(), 4, shuffle=shuffle, num_workers=workers)
    assert [batch.tolist() for batch in loader] == [[True] * 4, [True] * 4, [True] * 2]


class Backwards(SequentialSampler):
    def __iter__(self):
        return iter(range(len(self.data_source) - 1, -1, -1))


class Pairs(BatchSampler):
    def __iter__(self):
        yield [0, 9]
        yield [1, 8]


class Reversing:
    """A mixin that knows plain indices only."""

    def __iter__(self):
        return iter(list(super().__iter__())[::-1])


class BackwardsByMixin(Reversing, SequentialSampler):
    pass


class ReversedInside:
    """A wrapper that passes on every attribute."""

    def __init__(self, sampler):
        self.sampler = sampler

    def __getattr__(self, name):
        return getattr(self.sampler, name)

    def __iter__(self):
        return iter(list(self.sampler)[::-1])


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"sampler": Backwards(range(10)), "batch_size": 5}, [[9, 8, 7, 6, 5], [4, 3, 2, 1, 0]]),
        ({"sampler": BackwardsByMixin(range(10)), "batch_size": 5}, [[9, 8, 7, 6, 5], [4, 3, 2, 1, 0]]),
        ({"sampler": ReversedInside(SequentialSampler(range(4))), "batch_size": 2}, [[3, 2], [1, 0]]),
        ({"batch_sampler": Pairs(SequentialSampler(range(10)), 2, False)}, [[0, 9], [1, 8]]),
        ({"batch_sampler": [(3, 4), [5]]}, [(3, 4), [5]]),
        ({"sampler": (index for index in (7, 2)), "batch_size": 2}, [[7, 2]]),
    ],
)
def test_whoever_changes_the_order_is_heard(order, expected):
    dataset = Recorder()
    list(DataLoader(dataset, **order))
    assert dataset.seen == expected


def test_other_samplers_give_plain_ints():
    dataset = Recorder()
    list(DataLoader(dataset, 5, sampler=TorchRandomSampler(range(10))))
    assert all(type(index) is int for indices in dataset.seen for index in indices)


def test_a_wrapper_with_a_batch_fetch_of_its_own_gets_plain_ints():
    class Wrapper:
        def __init__(self, dataset):
            self.dataset = dataset

        def __len__(self):
            return len(self.dataset)

        def __getitem__(self, index):
            return self.dataset[index]

        def __getitems__(self, indices):
            assert all(type(index) is int for index in indices)
            return self.dataset.__getitems__(indices)

        def __getattr__(self, name):
            return getattr(self.dataset, name)

    wrapped = DataLoader(Wrapper(TensorDataset(torch.arange(6))), 4, shuffle=True, generator=seeded())
    plain = DataLoader(TensorDataset(torch.arange(6)), 4, shuffle=True, generator=seeded())
    assert [batch.tolist() for (batch,) in wrapped] == [batch.tolist() for (batch,) in plain]


class Halves:
    """A batch sampler of one's own that offers tensors, too."""

    def __iter__(self):
        return (batch.tolist() for batch in self.tensors())

    def tensors(self):
        return iter(torch.arange(10).split(5))


class OwnOrder(Halves):
    def __iter__(self):
        return iter([[3, 1]])


def test_any_batch_sampler_may_offer_tensors():
    dataset = Recorder()
    assert [batch.tolist() for batch in DataLoader(dataset, batch_sampler=Halves())] == [
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8, 9],
    ]
    assert all(isinstance(indices, torch.Tensor) for indices in dataset.seen)
    assert [batch.tolist() for batch in DataLoader(dataset, batch_sampler=OwnOrder())] == [[3, 1]]
    assert dataset.seen[-1] == [3, 1]


class Numbered:
    """An old-style sequence: no `__iter__`, positions until IndexError."""

    def __getitem__(self, position):
        return [[4, 2], [0]][position]


def test_a_batch_sampler_without_iter_is_read_by_position():
    assert [batch.tolist() for batch in DataLoader(Recorder(), batch_sampler=Numbered())] == [[4, 2], [0]]


class Kinds(TensorDataset):
    """Tells what it is asked with."""

    def __getitem__(self, index):
        return type(index).__name__


@pytest.mark.parametrize("kind", [DataLoader, TorchLoader])
def test_without_batching_a_sampler_of_batches_gives_lists(kind):
    sampler = BatchSampler(SequentialSampler(range(6)), 4, False)
    assert list(kind(Kinds(torch.arange(6)), batch_size=None, sampler=sampler)) == ["list", "list"]
