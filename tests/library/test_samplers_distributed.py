"""The indices of one rank among many."""

import pickle

import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import BatchSampler, DataLoader, DistributedSampler, ListDataset, default_collate

sizes = st.integers(1, 200)
worlds = st.integers(1, 64)


def ranks_of(size, world, **options):
    return [DistributedSampler(range(size), world, rank, **options) for rank in range(world)]


def indices_of(samplers):
    return [index for sampler in samplers for index in sampler]


@pytest.mark.parametrize("world", range(1, 65))
def test_equals_torch_for_every_world_size(world):
    for size in (1, 3, world - 1 or 1, world, world + 1, 100):
        for options in ({}, {"shuffle": False}, {"drop_last": True, "seed": 7}):
            for rank in range(world):
                ours = DistributedSampler(range(size), world, rank, **options)
                theirs = torch_data.DistributedSampler(range(size), world, rank, **options)
                for epoch in (0, 3):
                    ours.set_epoch(epoch)
                    theirs.set_epoch(epoch)
                    assert list(ours) == list(theirs)
                assert len(ours) == len(theirs) == len(list(ours))
                assert (ours.num_samples, ours.total_size) == (theirs.num_samples, theirs.total_size)


@given(sizes, worlds, st.booleans())
def test_every_rank_yields_equally_many_and_nothing_is_lost(size, world, shuffle):
    samplers = ranks_of(size, world, shuffle=shuffle)
    assert {len(list(sampler)) for sampler in samplers} == {len(samplers[0])}
    assert set(indices_of(samplers)) == set(range(size))


@given(sizes, worlds)
def test_nothing_repeats_when_the_rest_is_dropped(size, world):
    indices = indices_of(ranks_of(size, world, drop_last=True))
    assert len(set(indices)) == len(indices) == size - size % world


@given(sizes, worlds)
def test_trap_padding_counts_samples_twice_in_evaluation(size, world):
    counted = []
    for sampler in ranks_of(size, world):
        indices = list(sampler)
        counted += indices[:-1] if sampler.last_is_repeat else indices
    assert sorted(counted) == list(range(size))


def test_trap_three_samples_over_eight_ranks():
    assert indices_of(ranks_of(3, 8, shuffle=False)) == [0, 1, 2, 0, 1, 2, 0, 1]
    assert indices_of(ranks_of(3, 8, drop_last=True)) == []


def test_trap_contiguous_chunks_tie_a_rank_to_one_part_of_sorted_data():
    labels = [index // 25 for index in range(100)]
    for sampler in ranks_of(100, 4, shuffle=False):
        seen = [labels[index] for index in sampler]
        assert max(map(seen.count, range(4))) - min(map(seen.count, range(4))) <= 1


def test_set_epoch_changes_the_order_and_its_absence_does_not():
    sampler = DistributedSampler(range(100), 4, 1)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first
    sampler.set_epoch(0)
    assert list(sampler) == first


def test_the_global_random_state_is_untouched():
    before = torch.get_rng_state()
    list(DistributedSampler(range(10), 2, 0))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_length_follows_a_growing_dataset():
    data = list(range(4))
    sampler = DistributedSampler(data, 2, 0, shuffle=False)
    data += [4, 5, 6]
    assert (len(sampler), list(sampler)) == (4, [0, 2, 4, 6])


@pytest.mark.parametrize(("rank", "world"), [(2, 2), (-1, 2), (0, 0), (0, -3)])
def test_a_bad_rank_is_a_value_error(rank, world):
    for kind in (DistributedSampler, torch_data.DistributedSampler):
        with pytest.raises(ValueError):
            kind(range(4), world, rank)


def test_an_empty_dataset_yields_nothing():
    for drop_last in (False, True):
        sampler = DistributedSampler([], 2, 1, drop_last=drop_last)
        assert (len(sampler), list(sampler), sampler.last_is_repeat) == (0, [], False)


def test_what_cannot_be_is_refused_in_words():
    with pytest.raises(ValueError, match=r"no process group to ask.*init_process_group"):
        DistributedSampler(range(4))
    with pytest.raises(TypeError, match="no length"):
        DistributedSampler(iter("abc"), 2, 0)
    with pytest.raises(TypeError, match=r"rank got 0\.5"):
        DistributedSampler(range(4), 2, 0.5)
    with pytest.raises(TypeError, match="epoch got '1'"):
        DistributedSampler(range(4), 2, 0).set_epoch("1")


def test_a_process_group_says_who_we_are(tmp_path):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'meeting'}", world_size=1, rank=0
    )
    try:
        sampler = DistributedSampler(range(4))
        assert (sampler.num_replicas, sampler.rank) == (1, 0)
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers):
    data = ListDataset(list(range(11)))
    sampler = pickle.loads(pickle.dumps(DistributedSampler(data, 3, 1)))
    batches = loader(data, batch_size=2, sampler=sampler, num_workers=workers, collate_fn=default_collate)
    assert torch.cat(list(batches)).tolist() == list(sampler)
    batches = loader(data, batch_sampler=BatchSampler(sampler, 3, False), num_workers=workers)
    assert torch.cat(list(batches)).tolist() == list(sampler)
