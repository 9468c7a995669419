"""Measure contestants in turns, and say how they compare.

A machine is never equally fast for long. So all contestants of a workload run in every round, each round in
another order, and what is compared are times of the same round. The reader gets the median of these ratios
and its spread, from the lower to the upper quartile.

A virtual machine shares its processors with others. What they take is known, so a round in which they took
much is repeated, whatever came out.
"""

import gc
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.machine import stolen_seconds

OURS = "ours"
QUIET = 0.05  # of all processors' time: others may take so much of a round
TRIES = 3  # rounds for each that is wanted, before disturbed ones have to do
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
        unit: what contestants return: "s" for seconds, or "MiB" where it is memory.
        most_rounds: at most so many rounds, where each takes long and all are alike; None for no limit.
        warm_up: so many rounds before those that count; 0 where each run has its own interpreter.
    """

    name: str
    contestants: Mapping[str, Measure]
    floors: Mapping[str, float] = field(default_factory=dict)
    samples: int = 0
    unit: str = "s"
    most_rounds: int | None = None
    warm_up: int = 1


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
        measured: by contestant, what each round took, in `unit`.
        ratios: by opponent, what it took divided by what ours took in the same round.
        floors: by opponent, the ratio to reach at least.
        stolen: by round, the part of the processors' time that other machines of the host took.
        repeated: how many rounds were left out because they took more.
    """

    name: str
    samples: int
    measured: dict[str, list[float]]
    ratios: dict[str, Spread]
    floors: dict[str, float]
    unit: str = "s"
    stolen: list[float] = field(default_factory=list)
    repeated: int = 0


@dataclass(frozen=True)
class _Round:
    number: int
    taken: dict[str, float]  # by contestant
    stolen: float


def compare(
    workload: Workload, rounds: int, stolen: Callable[[], float] = stolen_seconds, tries: int = TRIES
) -> Result:
    """Let all contestants run in every round, after they have warmed up.

    Args:
        workload: what they do.
        rounds: number of rounds that count. There are more if the host is busy; those that it disturbed least
            are kept then.
        stolen: tells how many seconds the host has taken so far.
        tries: at most so many rounds for each that counts; 1 repeats none.
    """
    for number in range(-workload.warm_up, 0):
        _run_round(workload, number, stolen)
    wanted = min(rounds, workload.most_rounds or rounds)
    most = wanted * tries if workload.unit == "s" else wanted  # Memory is the same on a busy host.
    done = list[_Round]()
    while sum(one.stolen <= QUIET for one in done) < wanted and len(done) < most:
        done.append(_run_round(workload, len(done), stolen))
    least_disturbed = sorted(done, key=lambda one: max(one.stolen, QUIET))[:wanted]
    kept = sorted(least_disturbed, key=lambda one: one.number)
    measured = {name: [one.taken[name] for one in kept] for name in workload.contestants}
    ours = np.array(measured[OURS])
    return Result(
        workload.name,
        workload.samples,
        measured,
        {name: spread(np.array(taken) / ours) for name, taken in measured.items() if name != OURS},
        dict(workload.floors),
        workload.unit,
        [round(one.stolen, 4) for one in kept],
        len(done) - len(kept),
    )


def _run_round(workload: Workload, number: int, stolen: Callable[[], float]) -> _Round:
    names = list(workload.contestants)
    taken = dict[str, float]()
    start, stolen_before = time.perf_counter(), stolen()
    for name in names[number % len(names) :] + names[: number % len(names)]:
        gc.collect()
        taken[name] = workload.contestants[name]()
    available = (time.perf_counter() - start) * (os.cpu_count() or 1)
    return _Round(number, taken, (stolen() - stolen_before) / available)


def was_disturbed(result: Result) -> bool:
    """Tell whether a workload's rounds had to be taken although the host was busy in some of them."""
    return result.unit == "s" and any(share > QUIET for share in result.stolen)


def spread(values: Iterable[float]) -> Spread:
    """Return the median and the quartiles of some values."""
    low, median, high = np.quantile(np.asarray(values), [0.25, 0.5, 0.75])
    return Spread(float(median), float(low), float(high))


def passes_over(
    batches: Callable[[], Iterable[Any]], consume: Callable[[Any], object] = lambda batch: None
) -> Measure:
    """Return a measure of one pass: the time from asking for the iterator to its end.

    Args:
        batches: returns what is iterated over, such as a loader.
        consume: what is done with each batch, the same for all contestants.
    """

    def measure() -> float:
        start = time.perf_counter()
        for batch in batches():
            consume(batch)
        return time.perf_counter() - start

    return measure


def first_batch_of(batches: Iterable[Any]) -> tuple[float, Any]:
    """Return the seconds from asking for the iterator to its first batch, and this batch."""
    start = time.perf_counter()
    iterator = iter(batches)
    first = next(iterator)
    seconds = time.perf_counter() - start
    for _ in iterator:  # to its end, so that it leaves no work behind for the next contestant
        pass
    return seconds, first
