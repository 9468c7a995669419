"""Draws with weights."""

import pickle

import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import WeightedRandomSampler
from course_lib.samplers.weighted import _draw_by_cumulative_sum, _draw_by_exponential_race

WEIGHTS = st.lists(st.floats(0.01, 10), min_size=1, max_size=9)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@given(WEIGHTS, st.integers(1, 9), st.booleans(), st.integers(0, 9))
def test_equals_torch(weights, num_samples, replacement, seed):
    if not replacement:
        num_samples = min(num_samples, len(weights))
    ours = WeightedRandomSampler(weights, num_samples, replacement, seeded(seed))
    theirs = torch_data.WeightedRandomSampler(weights, num_samples, replacement, seeded(seed))
    for _ in range(2):
        drawn = list(ours)
        assert drawn == list(theirs)
        assert len(drawn) == len(ours) == num_samples
        assert all(type(index) is int for index in drawn)
        assert replacement or len(set(drawn)) == num_samples


def test_weight_zero_is_never_drawn():
    assert set(WeightedRandomSampler([0, 1, 0, 2], 500, generator=seeded())) == {1, 3}
    assert set(WeightedRandomSampler([0, 1, 0, 2], 2, replacement=False)) == {1, 3}


def test_a_given_generator_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    list(WeightedRandomSampler([1, 2], 5, generator=seeded()))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("weights", "rule"),
    [
        ([1.0, -0.5], r"weights\[1\] is -0.5"),
        ([float("nan")], r"weights\[0\] is nan"),
        ([1, float("inf")], r"weights\[1\] is inf"),
        ([0.0, 0.0], "0 of 2 weights are above zero"),
        ([], "1d sequence"),
        ([[1.0, 2.0]], "1d sequence"),
        (1.0, "1d sequence"),
    ],
)
def test_impossible_weights(weights, rule):
    with pytest.raises(ValueError, match=rule):
        WeightedRandomSampler(weights, 1)


@pytest.mark.parametrize(
    "weights",
    ["abc", ["a", "b"], None, [None], [1j], torch.tensor([1j]), {0: 1.0}, [[1.0], [1.0, 2.0]], [10**400]],
    ids=lambda weights: str(weights)[:20],
)
def test_what_is_no_list_of_numbers(weights):
    for kind in (TypeError, ValueError):  # a ValueError too, because torch raises now the one, now the other
        with pytest.raises(kind, match=f"weights came as a {type(weights).__name__}.*A weight is a number"):
            WeightedRandomSampler(weights, 1)


def test_more_than_there_are_without_replacement():
    with pytest.raises(ValueError, match="only 2 of 3"):
        WeightedRandomSampler([1, 0, 1], 3, replacement=False)


@pytest.mark.parametrize("num_samples", [0, -1, True, 1.0])
def test_num_samples_is_positive(num_samples):
    for kind in (WeightedRandomSampler, torch_data.WeightedRandomSampler):
        with pytest.raises(ValueError, match="num_samples should be a positive integer value"):
            kind([1.0], num_samples)


def test_replacement_is_a_bool():
    for kind in (WeightedRandomSampler, torch_data.WeightedRandomSampler):
        with pytest.raises(ValueError, match="replacement should be a boolean value"):
            kind([1.0], 1, replacement=1)
    with pytest.raises(TypeError, match="replacement"):
        WeightedRandomSampler([1.0], 1, replacement=1)
    with pytest.raises(TypeError, match=r"torch\.Generator"):
        WeightedRandomSampler([1.0], 1, generator=0)


def test_the_road_for_many_weights_follows_the_weights():
    weights = torch.tensor([0.0, 1.0, 3.0, 0.0, 6.0, 0.0], dtype=torch.float64)
    counts = torch.bincount(_draw_by_cumulative_sum(weights, 20_000, seeded()), minlength=6)
    assert torch.allclose(counts / 20_000, weights.float() / 10, atol=0.02)
    assert counts[weights == 0].sum() == 0


def test_the_road_for_many_weights_without_replacement_follows_the_weights():
    weights = torch.tensor([0.0, 1.0, 3.0, 6.0], dtype=torch.float64)
    generator = seeded()
    draws = torch.stack([_draw_by_exponential_race(weights, 3, generator) for _ in range(5000)])
    assert (draws.sort().values == torch.tensor([1, 2, 3])).all()
    first = torch.bincount(draws[:, 0], minlength=4) / 5000
    assert torch.allclose(first, weights.float() / 10, atol=0.03)
    second_after_three = torch.bincount(draws[draws[:, 0] == 3][:, 1], minlength=4)
    assert abs(second_after_three[2] / second_after_three.sum() - 0.75) < 0.04


def chi_square(counts, probabilities):
    """Return how far counts are from what is expected, in standard deviations of the chi-square law."""
    expected = probabilities / probabilities.sum() * counts.sum()
    freedom = len(counts) - 1
    return float((((counts - expected) ** 2 / expected).sum() - freedom) / (2 * freedom) ** 0.5)


WAYS = {
    "the sampler": lambda weights, count, seed: WeightedRandomSampler(weights, count, generator=seeded(seed)),
    "the road for many": lambda weights, count, seed: _draw_by_cumulative_sum(weights, count, seeded(seed)),
}


@pytest.mark.parametrize("draw", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("seed", range(5))
def test_draws_follow_the_weights_by_the_chi_square_test(draw, seed):
    weights = torch.rand(50, dtype=torch.float64, generator=seeded(seed)) + 0.01
    counts = torch.bincount(torch.tensor([int(index) for index in draw(weights, 50_000, seed)]), minlength=50)
    assert abs(chi_square(counts.double(), weights)) < 4
    assert chi_square(counts.double(), torch.ones(50)) > 100, "the test can tell"


# The largest and the smallest numbers of float64: sums and quotients of them are no longer such numbers.
EXTREMES = {"large": 4e307, "largest": 1.7e308 / 4, "small": 5e-324, "least normal": 2.3e-308}


@pytest.mark.parametrize("unit", EXTREMES.values(), ids=EXTREMES)
def test_the_law_holds_for_very_large_and_very_small_weights(unit):
    weights = torch.tensor([1.0, 2.0, 0.0, 4.0, 3.0, 4.0], dtype=torch.float64) * unit
    law = torch.tensor([1.0, 2.0, 4.0, 3.0, 4.0], dtype=torch.float64)
    drawn = list(WeightedRandomSampler(weights, 10_000, generator=seeded(2)))
    counts = torch.bincount(torch.tensor(drawn), minlength=6).double()
    assert counts[2] == 0
    assert abs(chi_square(counts[weights > 0], law)) < 4
    generator = seeded(3)
    firsts = [next(iter(WeightedRandomSampler(weights, 3, False, generator))) for _ in range(4000)]
    counts = torch.bincount(torch.tensor(firsts), minlength=6).double()
    assert abs(chi_square(counts[weights > 0], law)) < 4
    pairs = [list(WeightedRandomSampler([unit] * 3, 2, False, generator)) for _ in range(4000)]
    counts = torch.bincount(torch.tensor([3 * first + second for first, second in pairs]), minlength=9)
    assert abs(chi_square(counts[[1, 2, 3, 5, 6, 7]].double(), torch.ones(6))) < 4


def test_next_to_a_very_large_weight_a_very_small_one_is_still_above_zero():
    sampler = WeightedRandomSampler([1.5e308, 0.0, 1.5e308, 5e-324], 3, False, seeded())
    for _ in range(20):
        assert set(sampler) == {0, 2, 3}


WAYS_WITHOUT = {
    "the sampler": lambda weights, generator: list(WeightedRandomSampler(weights, 2, False, generator)),
    "the road for many": lambda weights, generator: _draw_by_exponential_race(weights, 2, generator).tolist(),
}


@pytest.mark.parametrize("draw", WAYS_WITHOUT.values(), ids=WAYS_WITHOUT)
def test_pairs_without_replacement_follow_the_law_of_one_after_the_other(draw):
    """The second index is drawn by weight from those that are left: P(i, j) = p_i p_j / (1 - p_i)."""
    weights, generator = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64), seeded(1)
    counts, law = torch.zeros(4, 4, dtype=torch.float64), torch.zeros(4, 4, dtype=torch.float64)
    for _ in range(8000):
        first, second = draw(weights, generator)
        counts[first, second] += 1
    shares = weights / weights.sum()
    for first in range(4):
        law[first] = shares[first] * shares / (1 - shares[first])
    possible = ~torch.eye(4, dtype=torch.bool)
    assert counts[~possible].sum() == 0
    assert abs(chi_square(counts[possible], law[possible])) < 4


@pytest.mark.slow
@pytest.mark.parametrize("replacement", [True, False])
def test_more_categories_than_torch_can_draw_from(replacement):
    size = 2**24 + 10
    weights = torch.zeros(size, dtype=torch.float64)
    weights[-4:] = 1
    sampler = WeightedRandomSampler(weights, 3, replacement, seeded())
    drawn = list(sampler)
    assert len(drawn) == 3
    assert min(drawn) >= size - 4
    with pytest.raises(RuntimeError):
        list(torch_data.WeightedRandomSampler(weights, 3, replacement, seeded()))


def test_pickle():
    sampler = WeightedRandomSampler([1, 2], 4, generator=seeded())
    assert list(pickle.loads(pickle.dumps(sampler))) == list(sampler)
