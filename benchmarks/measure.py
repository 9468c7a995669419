"""Measure contestants in turns, and say how they compare.

A machine is never equally fast for long. So all contestants of a workload run in every round, each round in
another order, and what is compared are times of the same round. The reader gets the median of these ratios
and its spread, from the lower to the upper quartile.
"""

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

OURS = "ours"
Measure = Callable[[], float]


@dataclass(frozen=True)
class Workload:
    """The same work, done by several contestants.

    Attributes:
        name: what is done, in words.
        contestants: by name, a function that does the work once and returns the seconds it took; "ours" is
            ours, "limit" the bare work without any loader.
        floors: by contestant, the ratio "its time / our time" that we are to reach at least.
        samples: samples per run; 0 where it is the start that is measured.
    """

    name: str
    contestants: Mapping[str, Measure]
    floors: Mapping[str, float] = field(default_factory=dict)
    samples: int = 0


@dataclass(frozen=True)
class Spread:
    """A median and its quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """What was measured for one workload.

    Attributes:
        seconds: by contestant, the time of every round.
        ratios: by opponent, its time divided by ours in the same round.
    """

    name: str
    samples: int
    seconds: dict[str, list[float]]
    ratios: dict[str, Spread]
    floors: dict[str, float]


def compare(workload: Workload, rounds: int) -> Result:
    """Let all contestants run once to warm up and then in every round.

    Args:
        workload: what they do.
        rounds: number of rounds.
    """
    names = list(workload.contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-1, rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            gc.collect()
            taken = workload.contestants[name]()
            if number >= 0:
                seconds[name].append(taken)
    ours = np.array(seconds[OURS])
    ratios = {name: spread(np.array(times) / ours) for name, times in seconds.items() if name != OURS}
    return Result(workload.name, workload.samples, seconds, ratios, dict(workload.floors))


def spread(values: Iterable[float]) -> Spread:
    """Return the median and the quartiles of some values."""
    low, median, high = np.quantile(np.asarray(values), [0.25, 0.5, 0.75])
    return Spread(float(median), float(low), float(high))


def passes_over(batches: Callable[[], Iterable[Any]]) -> Measure:
    """Return a measure of one pass: the time from asking for the iterator to its end.

    Args:
        batches: returns what is iterated over, such as a loader.
    """

    def measure() -> float:
        start = time.perf_counter()
        for _ in batches():
            pass
        return time.perf_counter() - start

    return measure


def first_batch_of(batches: Callable[[], Iterable[Any]]) -> Measure:
    """Return a measure of a start: the time from asking for the iterator to its first batch."""

    def measure() -> float:
        start = time.perf_counter()
        iterator = iter(batches())
        next(iterator)
        taken = time.perf_counter() - start
        for _ in iterator:  # to its end, so that it leaves no work behind for the next contestant
            pass
        return taken

    return measure
