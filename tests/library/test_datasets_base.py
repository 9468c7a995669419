"""The contracts of a dataset."""

import pytest
import torch
import torch.utils.data as torch_data

from course_lib import (
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    ListDataset,
    Subset,
    TensorDataset,
)
from course_lib.datasets.base import fetch_samples


class Squares(Dataset[int]):
    """Never complain about an index: iteration must stop by itself."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return index**2


class Count(IterableDataset[int]):
    def __iter__(self):
        return iter(range(3))


def test_ours_are_subclasses_of_torchs():
    assert isinstance(Squares(), torch_data.Dataset)
    assert not isinstance(Squares(), torch_data.IterableDataset)
    assert isinstance(Count(), torch_data.IterableDataset)
    assert isinstance(Count(), Dataset)


def test_trap_a_dataset_that_forgets_its_bounds_never_ends():
    assert list(Squares()) == [0, 1, 4, 9, 16]


def test_sum_of_datasets():
    both = Squares() + ListDataset([7])
    assert isinstance(both, ConcatDataset)
    assert list(both) == [0, 1, 4, 9, 16, 7]
    assert list(Squares() + torch_data.TensorDataset(torch.tensor([3])))[-1] == (torch.tensor(3),)


def test_sum_of_streams():
    both = Count() + Count()
    assert isinstance(both, ChainDataset)
    assert list(both) == [0, 1, 2, 0, 1, 2]


def test_a_dataset_can_be_subscripted():
    assert Dataset[int] is not None
    assert IterableDataset[str] is not None


def test_missing_methods_are_named():
    class Empty(Dataset[int]):
        pass

    with pytest.raises(NotImplementedError, match="should implement __getitem__"):
        Empty()[0]
    with pytest.raises(TypeError, match="no length"):
        list(Empty())

    class Silent(IterableDataset[int]):
        pass

    with pytest.raises(NotImplementedError, match="__iter__"):
        list(Silent())


class Negated(TensorDataset):
    def __getitem__(self, index):
        return tuple(-field for field in super().__getitem__(index))


def test_a_subclass_that_changes_getitem_is_not_bypassed_by_an_inherited_batch_fetch():
    class Doubled(Subset):
        def __getitem__(self, index):
            return super().__getitem__(index) * 2

    dataset = Negated(torch.arange(4))
    assert [int(x) for (x,) in fetch_samples(dataset, [1, 3])] == [-1, -3]
    assert [int(x) for (x,) in fetch_samples(dataset, torch.tensor([1, 3]))] == [-1, -3]
    assert next(iter(torch_data.DataLoader(dataset, 4)))[0].tolist() == [0, -1, -2, -3]
    assert fetch_samples(Doubled(ListDataset([1, 2, 3]), [2, 0]), [0, 1]) == [6, 2]


def test_a_subclass_may_change_both():
    class Both(TensorDataset):
        def __getitem__(self, index):
            return "one"

        def __getitems__(self, indices):
            return [f"many {index}" for index in indices]

    for indices in ([0, 1], torch.tensor([0, 1])):
        assert fetch_samples(Both(torch.arange(4)), indices) == ["many 0", "many 1"]


class Twice:
    """A mixin that knows single samples only."""

    def __getitem__(self, index):
        return tuple(2 * value for value in super().__getitem__(index))


class TwiceAtOnce(Twice):
    """A mixin that knows batches too, at plain ints."""

    def __getitems__(self, indices):
        assert all(type(index) is int for index in indices)
        return [self[index] for index in indices]


class Mixed(Twice, TensorDataset):
    pass


class MixedAtOnce(TwiceAtOnce, TensorDataset):
    pass


class MixedFurther(Mixed):
    pass


class OverriddenBehindTheMixin(Twice, Negated):
    pass


@pytest.mark.parametrize(
    ("kind", "factor"), [(Mixed, 2), (MixedAtOnce, 2), (MixedFurther, 2), (OverriddenBehindTheMixin, -2)]
)
def test_a_mixin_counts_in_batches_as_well(kind, factor):
    dataset = kind(torch.arange(6))
    expected = [factor * value for value in range(6)]
    assert [int(dataset[index][0]) for index in range(6)] == expected
    for indices in (list(range(6)), torch.arange(6)):
        assert [int(value) for (value,) in fetch_samples(dataset, indices)] == expected
    for loader in (DataLoader, torch_data.DataLoader):
        assert next(iter(loader(dataset, 6)))[0].tolist() == expected


class PassesOn:
    """A wrapper that passes on every attribute, and changes the samples."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        (value,) = self.dataset[index]
        return -value

    def __getattr__(self, name):
        if name == "dataset":  # A copy that is being unpickled has none yet.
            raise AttributeError(name)
        return getattr(self.dataset, name)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_wrapper_that_passes_on_every_attribute_is_not_bypassed(workers):
    wrapped = PassesOn(TensorDataset(torch.arange(6)))
    assert [int(value) for value in fetch_samples(wrapped, [1, 3])] == [-1, -3]
    assert [int(value) for value in fetch_samples(wrapped, torch.tensor([1, 3]))] == [-1, -3]
    for dataset in (wrapped, Subset(wrapped, range(6)), ConcatDataset([wrapped])):
        batches = list(DataLoader(dataset, 3, num_workers=workers))
        assert torch.cat(batches).tolist() == [0, -1, -2, -3, -4, -5]


def test_a_batch_fetch_given_to_one_object_counts():
    dataset = PassesOn(TensorDataset(torch.arange(6)))
    dataset.__getitems__ = lambda indices: ["at once" for _ in indices]
    assert next(iter(DataLoader(dataset, 2))) == ["at once", "at once"]


class Recorder(Dataset[int]):
    """Remember what the batch fetch was asked for."""

    def __init__(self, answer=None):
        self.asked = []
        self.answer = answer

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return index

    def __getitems__(self, indices):
        self.asked.append(indices)
        return indices if self.answer is None else self.answer


def test_fetch_uses_the_batch_fetch_and_hands_plain_ints_to_a_dataset_that_knows_no_index_tensors():
    recorder = Recorder()
    assert fetch_samples(recorder, torch.tensor([3, 1])) == [3, 1]
    assert recorder.asked == [[3, 1]]
    assert all(type(index) is int for index in recorder.asked[0])


def test_fetch_of_the_wrong_length_is_an_error():
    with pytest.raises(ValueError, match="Expected 2, got 1"):
        fetch_samples(Recorder(answer=[1]), [0, 1])
