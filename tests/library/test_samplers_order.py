"""Orders of indices: the same as torch's for the same generator."""

import pickle

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_sequential():
    data = [5, 5]
    sampler = SequentialSampler(data)
    assert list(sampler) == [0, 1]
    data.append(5)
    assert list(sampler) == [0, 1, 2]
    assert len(sampler) == 3


@given(st.integers(1, 20), st.none() | st.integers(1, 70), st.booleans(), st.integers(0, 9))
def test_random_equals_torch_over_epochs_that_share_a_generator(size, num_samples, replacement, seed):
    ours = RandomSampler(range(size), replacement, num_samples, seeded(seed))
    theirs = torch_data.RandomSampler(range(size), replacement, num_samples, seeded(seed))
    for _ in range(3):
        epoch = list(ours)
        assert epoch == list(theirs)
        assert len(epoch) == len(ours) == len(theirs)


@given(st.integers(1, 20), st.booleans(), st.integers(0, 9))
def test_random_equals_torch_without_a_generator(size, replacement, seed):
    samplers = RandomSampler(range(size), replacement), torch_data.RandomSampler(range(size), replacement)
    epochs = []
    for sampler in samplers:
        torch.manual_seed(seed)
        epochs.append([list(sampler), list(sampler)])
    assert epochs[0] == epochs[1]


@given(st.integers(1, 20), st.integers(1, 50))
def test_without_replacement_whole_passes_come_first(size, num_samples):
    indices = list(RandomSampler(range(size), num_samples=num_samples, generator=seeded()))
    assert len(indices) == num_samples
    for start in range(0, num_samples, size):
        chunk = indices[start : start + size]
        assert len(set(chunk)) == len(chunk)
    assert all(type(index) is int and 0 <= index < size for index in indices)


def test_the_seed_is_drawn_at_the_first_next():
    sampler = RandomSampler(range(100))
    torch.manual_seed(0)
    first, second = iter(sampler), iter(sampler)
    state = torch.get_rng_state()
    assert torch.equal(state, torch.get_rng_state())
    interleaved = [], []
    for _ in range(100):
        interleaved[1].append(next(second))
        interleaved[0].append(next(first))
    torch.manual_seed(0)
    assert list(sampler) == interleaved[1]
    assert list(sampler) == interleaved[0]


def test_a_given_generator_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    for sampler in (
        RandomSampler(range(5), generator=seeded()),
        RandomSampler(range(5), replacement=True, generator=seeded()),
        SubsetRandomSampler([1, 2], seeded()),
    ):
        list(sampler)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_length_follows_the_data():
    data = [0]
    sampler = RandomSampler(data)
    data.extend([0, 0])
    assert len(sampler) == 3
    assert sorted(sampler) == [0, 1, 2]


@pytest.mark.parametrize("replacement", [None, 1, 0, "yes"])
def test_replacement_is_a_bool(replacement):
    for kind in (RandomSampler, torch_data.RandomSampler):
        with pytest.raises(TypeError, match="replacement should be a boolean value"):
            kind([1], replacement=replacement)


@pytest.mark.parametrize("num_samples", [0, -1, 1.5, "2"])
def test_num_samples_is_positive(num_samples):
    for kind in (RandomSampler, torch_data.RandomSampler):
        with pytest.raises(ValueError, match="num_samples should be a positive integer value"):
            kind([1], num_samples=num_samples)


def test_there_must_be_something_to_draw_from():
    for kind in (RandomSampler, torch_data.RandomSampler):
        with pytest.raises(ValueError, match="num_samples should be a positive integer value"):
            kind([])
    with pytest.raises(ValueError, match="not empty"):
        list(RandomSampler([], num_samples=3))


@pytest.mark.parametrize("wrong", [42, np.random.default_rng(0), "seed"])
def test_the_generator_is_torchs(wrong):
    for make in (RandomSampler, SubsetRandomSampler):
        with pytest.raises(TypeError, match=r"torch\.Generator"):
            make([1], generator=wrong)


@pytest.mark.parametrize("make", [SequentialSampler, RandomSampler, SubsetRandomSampler])
def test_a_source_without_length_is_refused(make):
    with pytest.raises(TypeError, match="no length"):
        make(iter([1, 2]))


def test_a_set_of_indices_is_refused():
    with pytest.raises(TypeError, match="list"):
        SubsetRandomSampler({1, 2})


@given(st.lists(st.integers(), max_size=20), st.integers(0, 5))
def test_subset_random_equals_torch(indices, seed):
    ours = SubsetRandomSampler(indices, seeded(seed))
    theirs = torch_data.SubsetRandomSampler(indices, seeded(seed))
    for _ in range(2):
        assert list(ours) == list(theirs)
    assert sorted(ours) == sorted(indices)
    assert len(ours) == len(indices)


def test_subset_random_reads_tensors_and_arrays_as_plain_ints():
    for indices in (torch.tensor([4, 7]), np.array([4, 7])):
        drawn = list(SubsetRandomSampler(indices))
        assert sorted(drawn) == [4, 7]
        assert all(type(index) is int for index in drawn)


def test_samplers_are_torchs_and_can_be_pickled():
    for sampler in (SequentialSampler([1, 2]), RandomSampler([1, 2]), SubsetRandomSampler([0, 1])):
        assert isinstance(sampler, torch_data.Sampler)
        assert isinstance(sampler, Sampler)
        assert sorted(pickle.loads(pickle.dumps(sampler))) == [0, 1]
