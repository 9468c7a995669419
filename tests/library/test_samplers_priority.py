"""Draws by priority, and the tree under them."""

import pickle

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import DataLoader, ListDataset, PrioritySampler
from course_lib.samplers.trees import Tree

numbers = st.floats(0, 1e6, allow_nan=False)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def sampler_of(priorities, draws=20_000, **options):
    return PrioritySampler(priorities, generator=seeded(), num_samples=draws, **options)


def chi_square(drawn, probabilities):
    """Return how far counts are from what is expected, in standard deviations of the chi-square law."""
    expected = np.asarray(probabilities) * len(drawn)
    counts = np.bincount(drawn, minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    drawn_at_all = expected > 0
    distance = ((counts - expected)[drawn_at_all] ** 2 / expected[drawn_at_all]).sum()
    freedom = max(drawn_at_all.sum() - 1, 1)
    return (distance - freedom) / np.sqrt(2 * freedom)


@given(st.lists(numbers, min_size=1, max_size=70), st.data())
@settings(deadline=None)
def test_a_tree_knows_what_its_leaves_come_to(values, data):
    sums, smallest = Tree(np.array(values), np.add, 0.0), Tree(np.array(values), np.minimum, np.inf)
    for _ in range(3):
        places = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=4))
        for place in places:
            values[place] = data.draw(numbers)
        for tree in (sums, smallest):
            tree.update(np.array(places, np.int64), np.array([values[place] for place in places]))
            assert tree.leaves.tolist() == values
        assert sums.root == pytest.approx(sum(values))
        assert smallest.root == min(values)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40).filter(any))
@settings(deadline=None)
def test_every_point_is_found_in_its_stretch(values):
    tree = Tree(np.array(values, np.float64), np.add, 0.0)
    expected = [place for place, value in enumerate(values) for _ in range(value)]
    assert [tree.find(point + 0.5) for point in range(sum(values))] == expected
    assert [tree.find(float(point)) for point in range(sum(values))] == expected
    assert values[tree.find(float(sum(values)))] > 0, "rounding never finds a leaf of 0"


@pytest.mark.parametrize(
    ("temperature", "alpha"), [(1.0, 0.7), (1.0, 1.0), (2.0, 1.0), (0.5, 0.7), (1.0, 0.0)]
)
def test_draws_follow_the_power_of_the_priorities(temperature, alpha):
    priorities = np.array([0.1, 3.0, 0.0, 1.0, 7.5, 2.0, 0.5])
    expected = np.where(priorities > 0, priorities ** (alpha / temperature), 0)
    expected /= expected.sum()
    sampler = sampler_of(priorities, temperature=temperature, alpha=alpha)
    assert sampler.probabilities().numpy() == pytest.approx(expected)
    assert abs(chi_square(list(sampler), expected)) < 3


@given(st.lists(st.integers(1, 9), min_size=1, max_size=50), st.integers(0, 2**31))
@settings(deadline=None, max_examples=20)
def test_draws_follow_the_priorities_for_any_number_of_them(priorities, seed):
    sampler = PrioritySampler(priorities, alpha=1.0, generator=seeded(seed), num_samples=2000)
    assert chi_square(list(sampler), np.array(priorities) / sum(priorities)) < 8


def test_trap_alpha_is_no_share_of_uniform_draws():
    assert sampler_of([1.0, 0.0], alpha=0.1).probabilities().tolist() == [1.0, 0.0]
    assert sampler_of([3.0, 1.0], alpha=1.0).probabilities().tolist() == [0.75, 0.25]


def test_trap_integer_priorities_do_not_truncate_updates_to_zero():
    for priorities in ([1, 1], np.array([1, 1]), torch.tensor([1, 1])):
        sampler = PrioritySampler(priorities, alpha=1.0)
        sampler.update_priorities([0], [0.25])
        assert sampler.probabilities().tolist() == [0.2, 0.8]


def test_trap_updates_do_not_wait_until_the_next_epoch():
    sampler = sampler_of([1.0, 1.0, 1.0])
    draws = iter(sampler)
    for place in (0, 2, 1, 0) * 40:
        sampler.update_priorities([0, 1, 2], [float(place == other) for other in range(3)])
        assert next(draws) == place


def test_trap_a_negative_priority_is_an_error_and_no_nan():
    with pytest.raises(
        ValueError, match=r"priorities\[1\], the priority of sample 1, is -2.0. A priority is"
    ):
        PrioritySampler([1.0, -2.0])
    sampler = PrioritySampler([1.0, 2.0, 3.0])
    before = sampler.probabilities()
    for value in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"values\[1\], the priority of sample 0, is"):
            sampler.update_priorities([2, 0], [5.0, value])
    assert torch.equal(sampler.probabilities(), before), "a refused update changes nothing"


def test_trap_not_all_probabilities_are_recomputed_each_time():
    sampler = PrioritySampler(torch.ones(1_000_000))
    untouched = sampler._sums.nodes.copy()
    sampler.update_priorities([123_456], [50.0])
    assert (sampler._sums.nodes != untouched).sum() == 21, "a leaf and the 20 nodes on its way to the root"


def test_a_million_priorities():
    generator = np.random.default_rng(0)
    sampler = PrioritySampler(generator.random(1_000_000), generator=seeded(), num_samples=2000)
    changed = generator.choice(1_000_000, 100_000, replace=False)
    sampler.update_priorities(changed, np.zeros(100_000))
    probabilities = sampler.probabilities().numpy()
    drawn = list(sampler)
    assert not set(drawn) & set(changed.tolist())
    # Groups of indices, because each single one is drawn too seldom to count.
    groups = np.add.reduceat(probabilities, range(0, 1_000_000, 100_000))
    assert abs(chi_square([index // 100_000 for index in drawn], groups)) < 3


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.floats(0, 1), st.floats(0, 2))
@settings(deadline=None)
def test_importance_weights_are_those_of_the_paper(priorities, beta, alpha):
    sampler = PrioritySampler(priorities, alpha=alpha)
    probabilities = sampler.probabilities().numpy()
    weights = (len(priorities) * probabilities) ** -beta
    given = sampler.importance_weights(range(len(priorities)), beta)
    assert given.dtype == torch.get_default_dtype()
    assert given.numpy() == pytest.approx(weights / weights.max(), rel=1e-5)


def test_importance_weights_undo_the_bias():
    losses = torch.tensor([9.0, 0.5, 1.0, 4.0, 0.1])
    sampler = sampler_of(losses, draws=50_000, alpha=1.0)
    drawn = list(sampler)
    weights = sampler.importance_weights(drawn, 1.0)
    assert losses[drawn].mean() > 2 * losses.mean()
    assert (weights * losses[drawn]).sum() / weights.sum() == pytest.approx(losses.mean().item(), rel=0.03)
    assert sampler.importance_weights(drawn[:3], 0.0).tolist() == [1.0, 1.0, 1.0]


def test_importance_weights_know_updates():
    sampler = PrioritySampler([1.0, 2.0, 4.0], alpha=1.0)
    sampler.update_priorities([0, 1], [8.0, 0.0])
    assert sampler.importance_weights([0, 2], 1.0).tolist() == [0.5, 1.0]
    with pytest.raises(ValueError, match="Index 1 has priority 0 and is never drawn"):
        sampler.importance_weights([0, 1], 1.0)


def test_updates_take_losses_as_they_come():
    sampler = PrioritySampler([1.0] * 4, alpha=1.0)
    losses = torch.tensor([3.0, 0.5], requires_grad=True, dtype=torch.bfloat16)
    sampler.update_priorities(torch.tensor([1, 3]), losses)
    sampler.update_priorities([0, 0], [9.0, 0.5])
    sampler.update_priorities(2, 1)
    sampler.update_priorities([], [])
    assert sampler.probabilities().tolist() == [0.1, 0.6, 0.2, 0.1]


def test_a_list_that_is_changed_later_changes_nothing():
    priorities = torch.ones(2, dtype=torch.float64)
    sampler = PrioritySampler(priorities)
    priorities[0] = 5
    assert sampler.probabilities().tolist() == [0.5, 0.5]


def test_all_zero():
    with pytest.raises(ValueError, match="All 2 priorities are 0"):
        PrioritySampler([0, 0])
    sampler = PrioritySampler([0, 1])
    sampler.update_priorities([1], [0])
    with pytest.raises(ValueError, match="All 2 priorities are 0"):
        next(iter(sampler))
    sampler.update_priorities([0], [1])
    assert list(sampler) == [0, 0]


def test_impossible_updates():
    sampler = PrioritySampler([1.0, 2.0])
    with pytest.raises(ValueError, match=r"2 indices came with 1 values\. Each index gets one new priority"):
        sampler.update_priorities([0, 1], [1.0])
    for index in (2, -1):
        with pytest.raises(
            IndexError, match=f"Index {index} is outside. There are 2 priorities, from 0 to 1"
        ):
            sampler.update_priorities([index], [1.0])
    for indices in ([0.5], ["a"], [[0]], [True]):
        with pytest.raises(TypeError, match="An index is an integer"):
            sampler.update_priorities(indices, [1.0])
    with pytest.raises(TypeError, match="A priority is a number"):
        sampler.update_priorities([0], ["high"])


@pytest.mark.parametrize("priorities", [[], [[1.0]], torch.ones(2, 2)])
def test_impossible_shapes(priorities):
    with pytest.raises(ValueError, match="There is one priority for each sample"):
        PrioritySampler(priorities)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0},
        {"temperature": -1.0},
        {"temperature": float("inf")},
        {"temperature": "hot"},
        {"alpha": -0.1},
        {"alpha": float("nan")},
        {"num_samples": 0},
        {"num_samples": 1.5},
    ],
)
def test_impossible_options(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        PrioritySampler([1.0], **options)


def test_other_impossible_arguments():
    with pytest.raises(TypeError, match="generator got a int"):
        PrioritySampler([1.0], generator=0)
    for beta in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="beta got"):
            PrioritySampler([1.0]).importance_weights([0], beta)
    with pytest.raises(ValueError, match="is too large"):
        PrioritySampler([1e30, 1.0], temperature=0.01)


def test_a_given_generator_decides_and_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    one = list(sampler_of([1.0, 2.0, 3.0], 50))
    assert list(sampler_of([1.0, 2.0, 3.0], 50)) == one
    assert torch.equal(torch.get_rng_state(), before)


def test_epochs_have_the_length_they_claim_and_differ():
    sampler = PrioritySampler([1.0] * 50)
    one, two = list(sampler), list(sampler)
    assert len(one) == len(two) == len(sampler) == 50
    assert one != two


def test_a_pickled_sampler_goes_on_alike():
    sampler = sampler_of([1.0, 2.0, 3.0], 50)
    sampler.update_priorities([1], [9.0])
    copy = pickle.loads(pickle.dumps(sampler))
    assert list(copy) == list(sampler)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_runs_in_both_loaders(loader, workers):
    data = ListDataset(list(range(5)))
    loaded = loader(data, batch_size=4, sampler=sampler_of(range(5), 10), num_workers=workers)
    assert torch.cat(list(loaded)).tolist() == list(sampler_of(range(5), 10))


@pytest.mark.parametrize("loader", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"])
def test_updates_in_the_middle_of_an_epoch_reach_the_next_batch(loader):
    sampler = sampler_of([1.0] * 6, 12)
    batches = iter(loader(ListDataset(list(range(6))), batch_size=4, sampler=sampler))
    next(batches)
    sampler.update_priorities(range(6), [0, 0, 0, 1, 0, 0])
    assert next(batches).tolist() == [3, 3, 3, 3]
