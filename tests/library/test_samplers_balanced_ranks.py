"""Ranks with the same number of samples and about the same work."""

import pickle

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import DataLoader, ListDataset, LoadBalancedDistributedSampler

costs_lists = st.lists(st.floats(0, 1e6), min_size=1, max_size=80)
worlds = st.integers(1, 12)


def lognormal(size=10_000, seed=0):
    return np.random.default_rng(seed).lognormal(0, 1, size)


def ranks_of(costs, world, epoch=0, **options):
    samplers = [
        LoadBalancedDistributedSampler(range(len(costs)), costs, world, rank, **options)
        for rank in range(world)
    ]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    return samplers


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_trap_only_prints_that_it_is_unbalanced(seed, shuffle):
    costs = lognormal(seed=seed)
    loads = np.array([costs[list(sampler)].sum() for sampler in ranks_of(costs, 8, seed, shuffle=shuffle)])
    assert loads.max() < 1.02 * loads.mean()


def test_every_step_is_balanced_too():
    costs = lognormal()
    steps = costs[np.array([list(sampler) for sampler in ranks_of(costs, 8)])]
    waited = (steps.max(axis=0) - steps.mean(axis=0)).sum() / steps.sum(axis=1).mean()
    assert waited < 0.15, "ranks that wait for each other at each step lose little"


@given(costs_lists, worlds, st.booleans(), st.integers(0, 3))
@settings(deadline=None)
def test_every_rank_yields_equally_many_and_nothing_is_lost(costs, world, shuffle, epoch):
    samplers = ranks_of(costs, world, epoch, shuffle=shuffle)
    yielded = [list(sampler) for sampler in samplers]
    assert {len(indices) for indices in yielded} == {len(samplers[0])} == {samplers[0].num_samples}
    counted = [
        index
        for sampler, indices in zip(samplers, yielded)
        for index in (indices[:-1] if sampler.last_is_repeat else indices)
    ]
    assert sorted(counted) == list(range(len(costs))), "disjoint and complete, but for declared repeats"


@given(costs_lists, worlds)
@settings(deadline=None)
def test_nothing_repeats_when_the_rest_is_dropped(costs, world):
    samplers = ranks_of(costs, world, drop_last=True)
    indices = [index for sampler in samplers for index in sampler]
    assert len(set(indices)) == len(indices) == len(costs) - len(costs) % world
    assert not any(sampler.last_is_repeat for sampler in samplers)


@given(costs_lists, worlds)
@settings(deadline=None)
def test_ranks_differ_by_no_more_than_the_heaviest_sample(costs, world):
    loads = ranks_of(costs, world)[0].loads()
    assert float(loads.max() - loads.min()) <= max(costs) * (1 + 1e-9)


def test_all_ranks_know_all_loads_without_communicating():
    costs = lognormal(101)
    samplers = ranks_of(costs, 4, epoch=2)
    expected = [costs[list(sampler)].sum() for sampler in samplers]
    for sampler in samplers:
        assert sampler.loads().tolist() == pytest.approx(expected)


def test_trap_positional_arguments_land_in_the_weights():
    with pytest.raises(TypeError, match=r"the single number 8\. .* the second argument, before num_replicas"):
        LoadBalancedDistributedSampler(range(100), 8, 0)


def test_an_epoch_changes_the_plan_and_the_order():
    sampler = ranks_of(lognormal(400), 4)[1]
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    second = list(sampler)
    assert set(second) != set(first)
    sampler.set_epoch(0)
    assert list(sampler) == first
    other_seed = LoadBalancedDistributedSampler(range(400), lognormal(400), 4, 1, seed=9)
    assert list(other_seed) != first


def test_the_order_within_a_rank_is_shuffled():
    costs = lognormal(2000)
    order = costs[list(ranks_of(costs, 4)[2])]
    places = np.arange(len(order))
    assert abs(np.corrcoef(places, order)[0, 1]) < 0.15


def test_without_shuffling_the_heaviest_come_first_in_every_epoch():
    costs = lognormal(37)
    for epoch in (0, 1):
        samplers = ranks_of(costs, 4, epoch, shuffle=False)
        first = {next(iter(sampler)) for sampler in samplers}
        assert first == set(np.argsort(-costs)[:4].tolist())
        assert list(samplers[0]) == list(ranks_of(costs, 4, shuffle=False)[0])


def test_no_rank_always_gets_the_heaviest_sample():
    costs = [100.0] + [1.0] * 30
    owners = {
        sampler.rank
        for epoch in range(40)
        for sampler in ranks_of(costs, 4, epoch)
        if 0 in list(sampler)[:-1]
    }
    assert owners == {0, 1, 2, 3}


def test_what_is_dropped_changes_from_epoch_to_epoch():
    dropped = [
        set(range(7))
        - {index for sampler in ranks_of([1.0] * 7, 4, epoch, drop_last=True) for index in sampler}
        for epoch in range(30)
    ]
    assert set.union(*dropped) == set(range(7))


def test_more_ranks_than_samples_and_none_at_all():
    samplers = ranks_of([3.0, 1.0, 2.0], 8)
    assert [len(list(sampler)) for sampler in samplers] == [1] * 8
    assert sum(sampler.last_is_repeat for sampler in samplers) == 5
    empty = LoadBalancedDistributedSampler([], [], 2, 0)
    assert list(empty) == []
    assert not empty.last_is_repeat
    assert empty.loads().tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "costs", [[1, 2, 3], np.array([1, 2, 3]), torch.tensor([1.0, 2.0, 3.0]), (1.0, 2.0, 3.0)]
)
def test_costs_come_in_any_form(costs):
    assert sorted(LoadBalancedDistributedSampler("abc", costs, 1, 0)) == [0, 1, 2]


@pytest.mark.parametrize("cost", [-1.0, float("nan"), float("inf")])
def test_impossible_costs(cost):
    with pytest.raises(ValueError, match=r"sample_weights\[1\] is .* what a sample costs"):
        LoadBalancedDistributedSampler("ab", [1.0, cost], 2, 0)


def test_impossible_arguments():
    with pytest.raises(ValueError, match="2 sample_weights came with 3 samples"):
        LoadBalancedDistributedSampler("abc", [1.0, 2.0], 2, 0)
    with pytest.raises(ValueError, match=r"a table of shape \(1, 2\)"):
        LoadBalancedDistributedSampler("ab", [[1.0, 2.0]], 2, 0)
    for weights in (None, "ab", [None, 1]):
        with pytest.raises(TypeError, match="sample_weights came as a"):
            LoadBalancedDistributedSampler("ab", weights, 2, 0)
    with pytest.raises(ValueError, match="Invalid rank 2"):
        LoadBalancedDistributedSampler("ab", [1.0, 2.0], 2, 2)


def test_a_dataset_that_grew_needs_new_costs():
    data = [1, 2]
    sampler = LoadBalancedDistributedSampler(data, [1.0, 1.0], 1, 0)
    data.append(3)
    with pytest.raises(ValueError, match="2 sample_weights came with 3 samples"):
        list(sampler)


def test_the_global_random_state_is_untouched_and_it_can_be_pickled():
    before = torch.get_rng_state()
    sampler = ranks_of(lognormal(50), 3)[1]
    assert list(pickle.loads(pickle.dumps(sampler))) == list(sampler)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers):
    costs = lognormal(11)
    sampler = ranks_of(costs, 2)[1]
    loaded = loader(ListDataset(list(range(11))), batch_size=4, sampler=sampler, num_workers=workers)
    assert torch.cat(list(loaded)).tolist() == list(sampler)
