"""Stratified and balanced batches."""

import pickle
from collections import Counter
from fractions import Fraction
from itertools import chain

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import BalancedBatchSampler, DataLoader, ListDataset, StratifiedSampler, default_collate

class_sizes = st.lists(st.integers(1, 60), min_size=1, max_size=12)
both = pytest.mark.parametrize("sampler_class", [StratifiedSampler, BalancedBatchSampler])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def flat(batches):
    return list(chain.from_iterable(batches))


def labels_of(sizes):
    """Give labels, mixed in a fixed order, with the given number of each class."""
    labels = flat([name] * size for name, size in enumerate(sizes))
    return [labels[place] for place in torch.randperm(len(labels), generator=seeded(1)).tolist()]


@given(class_sizes, st.integers(1, 40), st.integers(0, 9))
@settings(deadline=None)
def test_every_batch_is_within_two_of_the_shares(sizes, batch_size, seed):
    labels = labels_of(sizes)
    sampler = StratifiedSampler(labels, batch_size, seeded(seed))
    for _ in range(2):
        for batch in sampler:
            counts = Counter(labels[index] for index in batch)
            for name, size in enumerate(sizes):
                assert abs(counts[name] - Fraction(len(batch) * size, len(labels))) < 2


@given(class_sizes, st.integers(1, 40))
@settings(deadline=None)
def test_every_index_once(sizes, batch_size):
    sampler = StratifiedSampler(labels_of(sizes), batch_size)
    batches = list(sampler)
    assert sorted(flat(batches)) == list(range(sum(sizes)))
    assert all(len(batch) == batch_size for batch in batches[:-1])


def test_trap_len_of_20_but_15_yielded_when_a_class_is_short():
    labels = labels_of([100, 75, 25])
    for batch_size in (7, 10, 200, 300):
        sampler = StratifiedSampler(labels, batch_size)
        assert len(list(sampler)) == len(sampler) == -(-200 // batch_size)


def test_trap_stratified_is_balanced_undersampling():
    labels = labels_of([900, 100])
    for batch in StratifiedSampler(labels, 100, seeded()):
        assert 9 <= sum(labels[index] for index in batch) <= 11


@both
def test_trap_epochs_2_3_and_4_are_identical(sampler_class):
    torch.manual_seed(5)
    sampler = sampler_class(labels_of([20, 20, 30]), 10)
    epochs, follow_ups = [], []
    for _ in range(4):
        epochs.append(str(list(sampler)))
        follow_ups.append(torch.rand(()).item())
    assert len(set(epochs)) == 4
    assert len(set(follow_ups)) == 4, "a sampler that seeds makes the program's other draws repeat"


@both
def test_a_given_generator_decides_and_leaves_the_global_state_alone(sampler_class):
    before = torch.get_rng_state()
    first = list(sampler_class(labels_of([9, 5]), 4, seeded(3)))
    assert list(sampler_class(labels_of([9, 5]), 4, seeded(3))) == first
    assert torch.equal(torch.get_rng_state(), before)


def test_no_sample_is_always_in_the_short_batch():
    sampler = StratifiedSampler(labels_of([10, 1]), 4, seeded())
    lasts = [frozenset(list(sampler)[-1]) for _ in range(100)]
    assert not frozenset.intersection(*lasts)
    assert frozenset.union(*lasts) == set(range(11))


def test_lone_samples_change_company():
    companies = {frozenset(next(iter(StratifiedSampler(range(6), 2, seeded(seed))))) for seed in range(200)}
    assert len(companies) == 15


@given(st.lists(st.integers(6, 40), min_size=1, max_size=6), st.integers(1, 6), st.integers(0, 9))
@settings(deadline=None)
def test_trap_duplicates_inside_a_batch(sizes, samples_per_class, seed):
    labels = labels_of(sizes)
    sampler = BalancedBatchSampler(labels, samples_per_class, seeded(seed))
    for batch in sampler:
        assert len(set(batch)) == len(batch)
        counts = Counter(labels[index] for index in batch)
        assert counts == dict.fromkeys(range(len(sizes)), samples_per_class)


@given(st.lists(st.integers(6, 40), min_size=1, max_size=6), st.integers(1, 6))
@settings(deadline=None)
def test_every_sample_comes_and_within_its_class_equally_often(sizes, samples_per_class):
    labels = labels_of(sizes)
    times = Counter(flat(BalancedBatchSampler(labels, samples_per_class)))
    assert len(times) == len(labels)
    for name in range(len(sizes)):
        counts = [times[index] for index, label in enumerate(labels) if label == name]
        assert max(counts) - min(counts) <= 1


def test_trap_an_epoch_on_mnists_counts_never_ends():
    sizes = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    sampler = BalancedBatchSampler(labels_of(sizes), 8, seeded())
    assert len(list(sampler)) == len(sampler) == -(-6742 // 8)


def test_trap_a_class_never_exhausted_keeps_its_order():
    sampler = BalancedBatchSampler([0] * 40 + [1] * 40, 5, seeded())
    zeros = [[index for index in flat(sampler) if index < 40] for _ in range(3)]
    assert len(set(map(tuple, zeros))) == 3


def test_a_sample_is_in_each_batch_of_an_epoch_equally_often():
    """By the chi-square test, for every sample of a frequent class and of a rare one."""
    sampler, epochs = StratifiedSampler(labels_of([9, 3]), 3, seeded()), 2000
    places = torch.zeros(12, 4)
    for _ in range(epochs):
        for place, batch in enumerate(sampler):
            places[batch, place] += 1
    expected = epochs / 4
    distances = (((places - expected) ** 2 / expected).sum(1) - 3) / 6**0.5
    assert distances.max() < 5


def test_samples_of_a_small_class_come_an_extra_time_equally_often():
    """Four samples fill seven places: three of them come twice, each with probability 3/4."""
    sampler, epochs = BalancedBatchSampler([0] * 7 + [1] * 4, 1, seeded()), 2000
    times = Counter(index for _ in range(epochs) for index in flat(sampler) if index >= 7)
    spread = (epochs * 0.75 * 0.25) ** 0.5
    assert all(abs(times[index] - 1.75 * epochs) < 4 * spread for index in range(7, 11))


def test_a_class_too_small_for_a_batch():
    with pytest.raises(ValueError, match="the class of sample 2 has only 1"):
        BalancedBatchSampler([0, 0, 1], 2)


@both
def test_labels_come_in_many_forms(sampler_class):
    first = list(sampler_class([3, 1, 3, 1], 2, seeded()))
    numbers = [3, 1, 3, 1]
    forms = (tuple(numbers), np.array(numbers), torch.tensor(numbers), map(torch.tensor, numbers), "caca")
    for labels in forms:
        assert list(sampler_class(labels, 2, seeded())) == first
    assert list(pickle.loads(pickle.dumps(sampler_class([7], 1)))) == [[0]]


@both
@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([], ValueError, "labels is empty"),
        ([1.0, float("nan")], ValueError, r"labels\[1\] is nan"),
        (5, TypeError, "came as a int"),
        (torch.zeros(2, 2), TypeError, "came as a Tensor"),
        (torch.tensor(3), TypeError, "came as a Tensor"),
    ],
)
def test_what_is_no_list_of_labels(sampler_class, labels, error, message):
    with pytest.raises(error, match=message):
        sampler_class(labels, 1)


@both
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_sizes_are_positive_integers(sampler_class, value):
    with pytest.raises(ValueError, match="should be a positive integer value"):
        sampler_class([0, 1], value)


@both
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(sampler_class, loader, workers):
    labels = labels_of([4, 7])
    expected = list(sampler_class(labels, 3, seeded()))
    batches = loader(
        ListDataset(list(range(11))),
        batch_sampler=sampler_class(labels, 3, seeded()),
        num_workers=workers,
        collate_fn=default_collate,
    )
    assert [batch.tolist() for batch in batches] == expected
