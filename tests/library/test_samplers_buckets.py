"""Batches of similar lengths."""

import pickle
from itertools import chain, pairwise

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import (
    BatchSampler,
    BucketBatchSampler,
    DataLoader,
    ListDataset,
    RandomSampler,
    default_collate,
    padding_waste,
)

lengths_lists = st.lists(st.integers(0, 60), min_size=1, max_size=120)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def flat(batches):
    return list(chain.from_iterable(batches))


@given(lengths_lists, st.integers(1, 9), st.none() | st.integers(1, 80))
def test_every_index_once(lengths, size, width):
    sampler = BucketBatchSampler(lengths, size, width)
    for _ in range(2):
        batches = list(sampler)
        assert sorted(flat(batches)) == list(range(len(lengths)))
        assert len(batches) == len(sampler)
        assert sum(len(batch) != size for batch in batches) <= 1


@given(lengths_lists, st.integers(1, 9), st.integers(1, 80))
def test_similar_lengths_come_together(lengths, size, width):
    buckets = [
        sorted(lengths[index] // width for index in batch)
        for batch in BucketBatchSampler(lengths, size, width)
    ]
    ordered = sorted(buckets, key=lambda batch: (batch[0], batch[-1]))
    for one, following in pairwise(ordered):
        assert one[-1] <= following[0], "no bucket lies between two samples of another batch"


@given(lengths_lists, st.integers(1, 9))
def test_drop_last_leaves_only_the_rest_out(lengths, size):
    sampler = BucketBatchSampler(lengths, size, 5, drop_last=True)
    batches = list(sampler)
    assert {len(batch) for batch in batches} <= {size}
    assert len(batches) == len(sampler) == len(lengths) // size
    assert len(set(flat(batches))) == len(flat(batches))


@given(lengths_lists, st.integers(1, 9))
def test_width_one_wastes_as_little_as_sorting(lengths, size):
    if len(lengths) % size:
        lengths = lengths * size
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    ideal = padding_waste(lengths, [order[start : start + size] for start in range(0, len(order), size)])
    assert padding_waste(lengths, BucketBatchSampler(lengths, size, 1)) == pytest.approx(ideal)


@given(lengths_lists, st.integers(1, 9), st.booleans())
def test_tensors_are_the_same_batches(lengths, size, drop_last):
    as_lists = list(BucketBatchSampler(lengths, size, 5, seeded(), drop_last))
    as_tensors = list(BucketBatchSampler(lengths, size, 5, seeded(), drop_last).tensors())
    assert [batch.tolist() for batch in as_tensors] == as_lists
    assert all(batch.dtype == torch.int64 for batch in as_tensors)


def test_lengths_beyond_16_bits_are_sorted_too():
    lengths = [70_000, 3, 35_000, 70_001, 2, 35_001]
    batches = [sorted(batch) for batch in BucketBatchSampler(lengths, 2, 1)]
    assert sorted(batches) == [[0, 3], [1, 4], [2, 5]]


def test_no_sample_is_dropped_in_every_epoch():
    sampler = BucketBatchSampler(list(range(1, 12)), 5, 1, seeded(), drop_last=True)
    assert set(flat(flat(list(sampler) for _ in range(60)))) == set(range(11))


def test_a_width_beyond_every_length_draws_all_orders():
    sampler = BucketBatchSampler([3, 1, 2], 1, 10, seeded())
    assert len({tuple(flat(sampler)) for _ in range(200)}) == 6


@given(st.integers(0, 2**30), st.integers(4, 32))
def test_padding_waste_is_far_below_random_batching(seed, size):
    lengths = torch.randint(10, 201, (1000,), generator=seeded(seed))
    random = padding_waste(lengths, BatchSampler(RandomSampler(lengths, generator=seeded(seed)), size, False))
    bucketed = padding_waste(lengths, BucketBatchSampler(lengths, size, 10, seeded(seed)))
    assert bucketed < random / 3


def test_waste_counts_padded_places():
    assert padding_waste([4, 2, 3], [[0, 1], [2]]) == pytest.approx(2 / 11)
    assert padding_waste([4, 4], [[0, 1]]) == 0
    assert padding_waste([0, 0], [[0, 1]]) == 0
    assert padding_waste([4], []) == 0


def test_every_epoch_has_a_new_order_and_new_company():
    sampler = BucketBatchSampler([n % 40 for n in range(200)], 8, 10, seeded())
    one, two = list(sampler), list(sampler)
    assert one != two
    assert {frozenset(batch) for batch in one} != {frozenset(batch) for batch in two}


def test_the_same_generator_gives_the_same_order_and_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    first = list(BucketBatchSampler(range(50), 4, generator=seeded(3)))
    assert list(BucketBatchSampler(range(50), 4, generator=seeded(3))) == first
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_generator_the_global_seed_decides():
    epochs = []
    for _ in range(2):
        torch.manual_seed(5)
        epochs.append(list(BucketBatchSampler(range(50), 4)))
    assert epochs[0] == epochs[1]


def test_lengths_come_in_many_forms():
    first = list(BucketBatchSampler([5, 1, 9], 2, generator=seeded()))
    for lengths in ((5, 1, 9), np.array([5, 1, 9], np.int32), torch.tensor([5, 1, 9])):
        assert list(BucketBatchSampler(lengths, 2, generator=seeded())) == first
    assert list(pickle.loads(pickle.dumps(BucketBatchSampler([7], 2)))) == [[0]]


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        ([], ValueError, r"shape \(0,\)"),
        ([[1, 2]], ValueError, r"shape \(1, 2\)"),
        ([3, -1], ValueError, r"lengths\[1\] is -1"),
        ([1.5], TypeError, "float32"),
        (["a"], TypeError, "a list"),
        (5, TypeError, "a int"),
    ],
)
def test_what_is_no_list_of_lengths(lengths, error, message):
    with pytest.raises(error, match=message):
        BucketBatchSampler(lengths, 2)
    with pytest.raises(error):
        padding_waste(lengths, [])


@pytest.mark.parametrize("name", ["batch_size", "bucket_width"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_sizes_are_positive_integers(name, value):
    with pytest.raises(ValueError, match=f"{name} should be a positive integer value"):
        BucketBatchSampler([1, 2], **{"batch_size": 1, name: value})


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers):
    data = ListDataset(list(range(11)))
    lengths = [n % 4 for n in range(11)]
    expected = list(BucketBatchSampler(lengths, 3, 1, seeded()))
    sampler = BucketBatchSampler(lengths, 3, 1, seeded())
    batches = loader(data, batch_sampler=sampler, num_workers=workers, collate_fn=default_collate)
    assert [batch.tolist() for batch in batches] == expected
