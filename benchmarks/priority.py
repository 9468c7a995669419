"""The price of changing one priority of a million and drawing by them: a tree, or all probabilities anew.

In prioritised replay each step does both. Recomputing raises n numbers to a power, sums them up and searches
the sums; the tree touches log2(n) nodes.
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.measure import OURS, Measure, Workload

_STEPS = 20
_ALPHA = 0.7


def workloads(small: bool) -> Iterator[Workload]:
    """Yield one workload: a million priorities, or a tenth of them."""
    size = 100_000 if small else 1_000_000
    priorities = np.random.default_rng(0).random(size)
    yield Workload(
        f"an update and a draw, {size:,} priorities",
        {OURS: _measure(_tree(priorities)), "recomputed": _measure(_recomputed(priorities))},
        {"recomputed": 20.0},
        samples=_STEPS,
    )


def _measure(step: Callable[[int], int]) -> Measure:
    """Return a measure of steps, each of which updates what the step before has drawn."""

    def measure() -> float:
        index = 0
        start = time.perf_counter()
        for _ in range(_STEPS):
            index = step(index)
        return time.perf_counter() - start

    return measure


def _tree(priorities: np.ndarray) -> Callable[[int], int]:
    from course_lib import PrioritySampler

    sampler = PrioritySampler(
        priorities, alpha=_ALPHA, generator=torch.Generator().manual_seed(0), num_samples=10**9
    )
    draws = iter(sampler)

    def step(index: int) -> int:
        sampler.update_priorities(index, 0.5)
        return next(draws)

    return step


def _recomputed(priorities: np.ndarray) -> Callable[[int], int]:
    current, generator = priorities.copy(), np.random.default_rng(0)

    def step(index: int) -> int:
        current[index] = 0.5
        sums = np.cumsum(current**_ALPHA)
        return int(np.searchsorted(sums, generator.random() * sums[-1], side="right"))

    return step
