"""Parts of a dataset."""

import pickle
import warnings
from collections import Counter

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import (
    Dataset,
    IterableDataset,
    ListDataset,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
    stratified_split,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.data())
def test_a_subset_of_a_subset_is_a_list_of_a_list(data):
    values = list("abcdefg")
    first = data.draw(st.lists(st.integers(-7, 6), min_size=1, max_size=7))
    second = data.draw(st.lists(st.integers(-len(first), len(first) - 1), min_size=1, max_size=7))
    expected = [values[first[position]] for position in second]
    subset = Subset(Subset(ListDataset(values), first), second)
    assert list(subset) == expected
    positions = list(range(len(second)))
    assert list(subset.__getitems__(positions)) == expected
    assert list(subset.__getitems__(torch.tensor(positions))) == expected
    assert subset.indices == second


def test_slices_and_lists_go_on_to_the_dataset_as_in_torch():
    base = TensorDataset(torch.arange(10))
    for index in (slice(1, 3), [0, 2], slice(None)):
        ours = Subset(Subset(base, [9, 8, 7, 6]), [3, 2, 1])[index]
        theirs = torch_data.Subset(torch_data.Subset(base, [9, 8, 7, 6]), [3, 2, 1])[index]
        assert torch.equal(ours[0], theirs[0])


def test_a_batch_from_a_subset_is_one_gather():
    images = torch.rand(10, 3)
    batch = default_collate(Subset(TensorDataset(images), [7, 1, 4]).__getitems__([2, 0]))
    assert torch.equal(batch[0], images[[4, 7]])


def test_the_dataset_gets_plain_ints():
    asked = []

    class Recorder(Dataset[int]):
        def __len__(self):
            return 10

        def __getitem__(self, index):
            asked.append(index)
            return index

    subset = Subset(Recorder(), torch.tensor([4, 2]))
    subset[0], subset.__getitems__([1, 0])
    assert asked == [4, 2, 4]
    assert all(type(index) is int for index in asked)


class Stream(IterableDataset[int]):
    def __iter__(self):
        return iter(())


def test_impossible_subsets():
    base = ListDataset([1, 2, 3])
    for wrong in ([3], [-4], [0, 99]):
        with pytest.raises(ValueError, match="Valid indices run from -3 to 2"):
            Subset(base, wrong)
    with pytest.raises(TypeError, match="nonzero"):
        Subset(base, torch.tensor([True, False, True]))
    with pytest.raises(TypeError, match="cannot be indexed"):
        Subset(Stream(), [0])
    with pytest.raises(IndexError):
        Subset(base, [0, 1])[2]


def test_replaced_indices_are_used():
    subset = Subset(ListDataset("abc"), [0])
    subset.indices = [2, 1]
    assert list(subset) == ["c", "b"]
    assert list(subset.__getitems__([1, 0])) == ["b", "c"]


FRACTIONS = [[0.8, 0.2], [0.5, 0.5], [1 / 3, 1 / 3, 1 / 3], [0.6, 0.3, 0.1], [1.0], [0.9, 0.1, 0.0], [1, 0]]


@pytest.mark.filterwarnings("ignore:Length of split")
@given(st.integers(0, 60), st.sampled_from(FRACTIONS), st.integers(0, 5))
def test_random_split_by_fractions_equals_torch(total, fractions, seed):
    ours = random_split(range(total), fractions, seeded(seed))
    theirs = torch_data.random_split(range(total), fractions, seeded(seed))
    assert [list(part.indices) for part in ours] == [list(part.indices) for part in theirs]


@given(st.lists(st.integers(0, 9), min_size=2, max_size=5), st.integers(0, 5))
def test_random_split_by_sizes_equals_torch_and_is_a_partition(sizes, seed):
    total = sum(sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = random_split(range(total), tuple(sizes), seeded(seed))
        theirs = torch_data.random_split(range(total), sizes, seeded(seed))
    assert [part.indices for part in ours] == [part.indices for part in theirs]
    assert sorted(index for part in ours for index in part) == list(range(total))


def test_the_global_generator_moves_only_when_none_is_given():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    random_split(range(9), [4, 5], seeded())
    stratified_split(range(9), [0] * 9, [4, 5], seeded())
    assert torch.equal(torch.get_rng_state(), before)
    ours = random_split(range(9), [4, 5])
    torch.manual_seed(3)
    theirs = torch_data.random_split(range(9), [4, 5])
    assert [part.indices for part in ours] == [part.indices for part in theirs]


@pytest.mark.parametrize("split", [random_split, lambda data, *rest: stratified_split(data, [0] * 10, *rest)])
def test_impossible_lengths(split):
    data = ListDataset(range(10))
    for wrong in ([5, 6], [4, 4], [], [0.5, 0.6], [0.5], [20, -10], [float("nan"), 1], [float("inf")]):
        with pytest.raises(ValueError):
            split(data, wrong)
    for wrong in (["5", 5], [None, 10], [5.0, 5.0], [True, 9]):
        with pytest.raises(TypeError):
            split(data, wrong)
    with pytest.raises(ValueError, match="Sum of input lengths does not equal the length"):
        split(data, [5, 6])
    with pytest.raises(TypeError, match=r"torch\.Generator"):
        split(data, [5, 5], 42)
    with pytest.raises(TypeError, match="cannot be indexed"):
        split(Stream(), [5, 5])


def test_numpy_lengths_are_taken():
    assert [len(part) for part in random_split(range(10), np.array([4, 6]))] == [4, 6]
    assert [len(part) for part in random_split(range(10), np.array([0.4, 0.6]))] == [4, 6]


def test_an_empty_part_warns():
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.9, 0.1], seeded())


@given(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=60),
    st.sampled_from(FRACTIONS[:4]),
    st.integers(0, 3),
)
@pytest.mark.filterwarnings("ignore:Length of split")
def test_a_stratified_split_keeps_every_share_within_one_sample(labels, fractions, seed):
    total = len(labels)
    parts = stratified_split(range(total), labels, fractions, seeded(seed))
    expected_sizes = [len(part) for part in random_split(range(total), fractions, seeded(seed))]
    assert [len(part) for part in parts] == expected_sizes
    assert sorted(index for part in parts for index in part) == list(range(total))
    counts = Counter(labels)
    for part in parts:
        in_part = Counter(labels[index] for index in part)
        for label, count in counts.items():
            assert abs(in_part[label] - count * len(part) / total) < 1


def test_a_stratified_split_is_random_and_reproducible():
    labels = torch.arange(100) % 3
    first, again, other = (stratified_split(range(100), labels, [0.5, 0.5], seeded(s)) for s in (0, 0, 1))
    assert first[0].indices == again[0].indices
    assert first[0].indices != other[0].indices
    in_order = [int(labels[index]) for index in first[0]]
    assert in_order != sorted(in_order)
    assert list(first[0]) != sorted(first[0])


@pytest.mark.parametrize("labels", [[0, 1], [[0, 1, 2]], []])
def test_there_is_one_label_for_each_sample(labels):
    with pytest.raises(ValueError, match="one label for each sample"):
        stratified_split(ListDataset([1, 2, 3]), labels, [2, 1])


def test_a_part_pickles_in_the_size_of_its_own_indices():
    part = random_split(range(100_000), [100, 99_900])[0]
    assert len(pickle.dumps(part.indices)) < 3000
    assert list(pickle.loads(pickle.dumps(part))) == list(part)
