"""Datasets made of datasets."""

import pickle

import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    ListDataset,
    StackDataset,
    TensorDataset,
    default_collate,
)


class Stream(IterableDataset[int]):
    def __init__(self, *values):
        self.values = values

    def __iter__(self):
        return iter(self.values)

    def __len__(self):
        return len(self.values)


class CountingFetches(Dataset[int]):
    """Know how often the batch fetch was used; refuse single reads."""

    def __init__(self, values, surplus=0):
        self.values = values
        self.surplus = surplus
        self.fetches = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        raise RuntimeError("read one by one")

    def __getitems__(self, indices):
        self.fetches += 1
        return [self.values[index] for index in indices] + [0] * self.surplus


PARTS = st.lists(st.lists(st.integers(), max_size=4), min_size=1, max_size=5)


@given(PARTS, st.data())
def test_concatenation_is_that_of_lists(parts, data):
    whole = [value for part in parts for value in part]
    dataset = ConcatDataset([ListDataset(part) for part in parts])
    theirs = torch_data.ConcatDataset(parts)
    assert list(dataset) == whole
    assert len(dataset) == len(whole)
    assert dataset.cumulative_sizes == theirs.cumulative_sizes
    if whole:
        indices = data.draw(st.lists(st.integers(-len(whole), len(whole) - 1), max_size=8))
        expected = [whole[index] for index in indices]
        assert [dataset[index] for index in indices] == expected == [theirs[index] for index in indices]
        assert list(dataset.__getitems__(indices)) == expected
        assert list(dataset.__getitems__(torch.tensor(indices, dtype=torch.int64))) == expected
    for index in (len(whole), -len(whole) - 1):
        with pytest.raises(IndexError):
            dataset[index]
        with pytest.raises(IndexError):
            dataset.__getitems__([index])


def test_every_part_fetches_its_share_once():
    parts = [CountingFetches([0, 1, 2]), CountingFetches([]), CountingFetches([3, 4])]
    dataset = ConcatDataset(parts)
    assert dataset.__getitems__([4, 0, 3, 2, 0]) == [4, 0, 3, 2, 0]
    assert [part.fetches for part in parts] == [1, 0, 1]


def test_a_batch_from_one_part_stays_gathered():
    images, labels = torch.rand(6, 2), torch.arange(6)
    dataset = ConcatDataset([TensorDataset(images[:2], labels[:2]), TensorDataset(images[2:], labels[2:])])
    assert torch.equal(default_collate(dataset.__getitems__([3, 5]))[0], images[[3, 5]])
    assert torch.equal(default_collate(dataset.__getitems__([5, 0]))[0], images[[5, 0]])


def test_concatenation_refuses_what_it_cannot_index():
    for wrong in (Stream(1), 5):
        for error in (TypeError, AssertionError):
            with pytest.raises(error, match="does not support IterableDataset"):
                ConcatDataset([ListDataset([1]), wrong])
    for error in (ValueError, AssertionError):
        with pytest.raises(error, match="should not be an empty iterable"):
            ConcatDataset([])

    class NoLength(Dataset[int]):
        def __getitem__(self, index):
            return index

    with pytest.raises(TypeError, match="no length"):
        ConcatDataset([NoLength()])


def test_chaining():
    chain = ChainDataset([Stream(1, 2), Stream(), Stream(3)])
    assert list(chain) == [1, 2, 3] == list(chain)
    assert len(chain) == 3
    assert list(ChainDataset(Stream(n) for n in range(3))) == [0, 1, 2]


def test_chaining_refuses_map_style_datasets_when_it_comes_to_them():
    chain = ChainDataset([Stream(1), ListDataset([2])])
    for error in (TypeError, AssertionError):
        iterator = iter(chain)
        assert next(iterator) == 1
        with pytest.raises(error, match="only supports IterableDataset"):
            next(iterator)
        with pytest.raises(error, match="only supports IterableDataset"):
            len(chain)


def test_stacks_equal_torchs():
    numbers, letters = ListDataset([1, 2, 3]), ListDataset("abc")
    for arguments, names in [((numbers, letters), {}), ((), {"number": numbers, "letter": letters})]:
        ours = StackDataset(*arguments, **names)
        theirs = torch_data.StackDataset(*arguments, **names)
        assert [ours[i] for i in (0, 2, -1)] == [theirs[i] for i in (0, 2, -1)]
        assert ours.__getitems__([2, 0]) == theirs.__getitems__([2, 0])
        assert ours.__getitems__(torch.tensor([2, 0])) == theirs.__getitems__([2, 0])
        assert len(ours) == len(theirs)
        assert ours.datasets == theirs.datasets


def test_a_stack_uses_the_batch_fetch_of_its_parts():
    parts = CountingFetches([5, 6, 7]), CountingFetches([8, 9, 10])
    assert StackDataset(*parts).__getitems__([2, 1]) == [(7, 10), (6, 9)]
    assert [part.fetches for part in parts] == [1, 1]
    with pytest.raises(ValueError, match="Expected 2, got 3"):
        StackDataset(CountingFetches([1, 2], surplus=1)).__getitems__([0, 1])


def test_impossible_stacks():
    one, two = ListDataset([1]), ListDataset([1, 2])
    with pytest.raises(ValueError, match="At least one dataset should be passed"):
        StackDataset()
    with pytest.raises(ValueError, match=r"Supported either .* both types are given"):
        StackDataset(one, second=one)
    with pytest.raises(ValueError, match="Size mismatch between datasets"):
        StackDataset(one, two)
    with pytest.raises(ValueError, match="Size mismatch between datasets"):
        StackDataset(a=one, b=two)
    with pytest.raises(TypeError, match="cannot be indexed"):
        StackDataset(Stream(1))


def test_pickle():
    dataset = ConcatDataset([ListDataset([1]), StackDataset(ListDataset([2]))])
    assert list(pickle.loads(pickle.dumps(dataset))) == [1, (2,)]
