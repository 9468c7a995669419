"""Batches within a budget of tokens."""

import pickle
import warnings
from itertools import chain

import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import DataLoader, DynamicBatchSampler, ListDataset, default_collate

lengths_lists = st.lists(st.integers(0, 40), min_size=1, max_size=100)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def flat(batches):
    return list(chain.from_iterable(batches))


def quiet(*arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DynamicBatchSampler(*arguments, **options)


def tokens(lengths, batch):
    return len(batch) * max(lengths[index] for index in batch)


@given(lengths_lists, st.integers(1, 5), st.integers(5, 12), st.integers(1, 120), st.integers(1, 50))
@settings(deadline=None)
def test_trap_an_empty_stub(lengths, min_batch, max_batch, budget, width):
    sampler = quiet(lengths, min_batch, max_batch, budget, bucket_width=width)
    for _ in range(2):
        batches = list(sampler)
        assert sorted(flat(batches)) == list(range(len(lengths)))
        assert len(batches) == len(sampler)
        for batch in batches:
            assert 1 <= len(batch) <= max_batch
            assert len(batch) == 1 or tokens(lengths, batch) <= budget


@given(lengths_lists, st.integers(1, 12), st.integers(1, 120))
@settings(deadline=None)
def test_as_many_samples_as_fit(lengths, max_batch, budget):
    batches = list(quiet(lengths, 1, max_batch, budget))
    shortest = min(batches, key=lambda batch: (max(lengths[index] for index in batch), len(batch)))
    batches.remove(shortest)
    for batch in batches:
        longest = max(lengths[index] for index in batch)
        assert len(batch) == max_batch or (len(batch) + 1) * longest > budget


@given(lengths_lists, st.integers(1, 5), st.integers(0, 7), st.integers(1, 120))
@settings(deadline=None)
def test_a_batch_below_the_minimum_has_no_room_or_is_the_only_rest(lengths, min_batch, more, budget):
    batches = list(quiet(lengths, min_batch, min_batch + more, budget))
    with_room = [
        batch
        for batch in batches
        if len(batch) < min_batch and (len(batch) + 1) * max(lengths[index] for index in batch) <= budget
    ]
    assert len(with_room) <= 1


def test_the_budget_wins_over_the_minimum():
    assert sorted(map(len, DynamicBatchSampler([10] * 6, 4, 8, 30))) == [3, 3]


def test_a_short_rest_is_filled_up():
    assert sorted(map(len, DynamicBatchSampler([1] * 9, 3, 8, 100))) == [3, 6]


def test_a_sample_beyond_the_budget_goes_alone_with_a_warning():
    with pytest.warns(UserWarning, match=r"1 of 5 samples .* max_tokens=8; the longest, sample 2, has 9"):
        sampler = DynamicBatchSampler([1, 2, 9, 2, 1], 2, 4, 8)
    assert [2] in list(sampler)


def test_no_warning_where_all_fit():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DynamicBatchSampler([1, 8, 3], 1, 4, 8, bucket_width=100)


def test_every_epoch_has_a_new_order_and_new_company():
    sampler = DynamicBatchSampler([n % 40 for n in range(200)], 1, 8, 200, seeded(), bucket_width=10)
    one, two = list(sampler), list(sampler)
    assert one != two
    assert {frozenset(batch) for batch in one} != {frozenset(batch) for batch in two}


def test_a_given_generator_decides_and_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    first = list(DynamicBatchSampler(range(50), 1, 9, 100, seeded(3)))
    assert list(DynamicBatchSampler(range(50), 1, 9, 100, seeded(3))) == first
    assert torch.equal(torch.get_rng_state(), before)
    assert list(pickle.loads(pickle.dumps(DynamicBatchSampler([7], 1, 2, 9)))) == [[0]]


@pytest.mark.parametrize("name", ["min_batch", "max_batch", "max_tokens", "bucket_width"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_sizes_are_positive_integers(name, value):
    sizes = {"min_batch": 1, "max_batch": 2, "max_tokens": 3}
    with pytest.raises(ValueError, match=f"{name} should be a positive integer value"):
        DynamicBatchSampler([1, 2], **{**sizes, name: value})


def test_impossible_arguments():
    with pytest.raises(ValueError, match="min_batch=3 is more than max_batch=2"):
        DynamicBatchSampler([1], 3, 2, 9)
    with pytest.raises(ValueError, match=r"lengths\[1\] is -1"):
        DynamicBatchSampler([1, -1], 1, 2, 9)
    with pytest.raises(TypeError, match="generator got a int"):
        DynamicBatchSampler([1], 1, 2, 9, 0)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers):
    lengths = [n % 4 for n in range(11)]
    expected = list(DynamicBatchSampler(lengths, 1, 4, 6, seeded()))
    batches = loader(
        ListDataset(list(range(11))),
        batch_sampler=DynamicBatchSampler(lengths, 1, 4, 6, seeded()),
        num_workers=workers,
        collate_fn=default_collate,
    )
    assert [batch.tolist() for batch in batches] == expected
