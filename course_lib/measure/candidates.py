"""Which number of workers to try next, and which one to take: decisions about measurements (lesson 12).

Nothing is measured here. So every decision can be tried in a cell, with made-up numbers.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Two times that differ by less are equal for every practical purpose.
_EQUAL_WITHIN = 0.05
_REACH = 2


@dataclass(frozen=True)
class WorkerMeasurement:
    """What one number of workers gave.

    Attributes:
        workers: number of workers.
        seconds: seconds per batch, one for every pass; empty if the candidate failed.
        first_batch: seconds until the first batch was there, the median over the passes; None if none came.
        memory: bytes that the loader and its workers took on top of what was in use before; None if unknown.
        failure: why the candidate failed, in words; "" if it did not.
        lost: a worker died or never answered. The same in the main process would end it, or stop it for ever.
    """

    workers: int
    seconds: tuple[float, ...] = ()
    first_batch: float | None = None
    memory: int | None = None
    failure: str = ""
    lost: bool = False

    @cached_property
    def median(self) -> float:
        """Median of `seconds`; infinite if the candidate failed."""
        return self._quantile(0.5)

    @cached_property
    def low(self) -> float:
        """Lower quartile of `seconds`."""
        return self._quantile(0.25)

    @cached_property
    def high(self) -> float:
        """Upper quartile of `seconds`."""
        return self._quantile(0.75)

    def _quantile(self, share: float) -> float:
        return math.inf if self.failure else float(np.quantile(self.seconds, share))


@dataclass(frozen=True)
class Choice:
    """A number of workers, and why this one.

    Attributes:
        workers: the number.
        fastest: the number with the smallest median; another one if the difference is noise.
        reason: in words.
    """

    workers: int
    fastest: int
    reason: str


def choose_workers(measurements: Iterable[WorkerMeasurement]) -> Choice:
    """Choose the fewest workers whose time cannot be told from the fastest.

    Two times count as equal if their medians differ by less than 5 %, or by less than their spreads: half the
    distance between the quartiles of each, added as independent errors are (the root of the sum of squares).

    Args:
        measurements: one for each candidate; failed ones are never chosen.

    Returns:
        The choice, with its reason.

    Raises:
        ValueError: no candidate came through.
    """
    done = sorted((m for m in measurements if not m.failure), key=lambda m: m.workers)
    if not done:
        raise ValueError(
            "There is no measurement without a failure, so no number of workers can be chosen. At least one "
            "candidate must come through: try num_workers=0 and read its error."
        )
    fastest = min(done, key=lambda m: m.median)
    chosen = next(m for m in done if _is_equal(m, fastest))
    if chosen is fastest:
        return Choice(chosen.workers, fastest.workers, "the fastest of all that came through")
    gain = 1 - fastest.median / chosen.median
    ahead = f"came out {gain:.0%} faster, which is within the noise" if gain >= 0.005 else "came out as fast"
    reason = f"{fastest.workers} {ahead}: fewer workers cost less memory"
    return Choice(chosen.workers, fastest.workers, reason)


def next_candidate(
    measured: Mapping[int, WorkerMeasurement], start: int, most: int, reach: int = _REACH
) -> int | None:
    """Return the number of workers to try next; None if the search is over.

    It begins with `start` (the rule of thumb), looks at 0, and then walks: it tries the neighbours of the
    best number so far, until none of them is better. 0 is a case of its own: where it is the best, but more
    workers are faster than one, they may still overtake it, and the walk goes on among them. After a failure
    nothing as large is tried again; if no number of workers has come through yet, the number is halved.

    Args:
        measured: what is known, by number of workers.
        start: where to begin, at least 1.
        most: the largest number to try.
        reach: how many neighbours on either side have to lose.
    """
    if start not in measured:
        return start
    failed = [m.workers for m in measured.values() if m.failure]
    came_through = [m for m in measured.values() if not m.failure]
    with_workers = [m for m in came_through if m.workers > 0]
    lowest = min((workers for workers in failed if workers > 0), default=None)
    if lowest is not None and lowest > 1 and not with_workers:
        return lowest // 2
    is_safe = bool(with_workers) or not any(m.lost for m in measured.values())
    if 0 not in measured and is_safe:
        return 0
    if not came_through:
        return None
    below_failures = most if lowest is None else min(most, lowest - 1)
    ladder = [rung for rung in _ladder(start, most) if rung <= below_failures]
    places = [choose_workers(came_through).workers]
    if places == [0] and with_workers and (best := choose_workers(with_workers).workers) > 1:
        places.append(best)
    rungs = (rung for place in places for rung in _neighbours(ladder, place, reach))
    return next((rung for rung in rungs if rung not in measured), None)


def _ladder(start: int, most: int) -> list[int]:
    """Return the numbers worth trying: all small ones, then steps of a third to a half."""
    rungs = {0, 1, start}
    power = 2
    while power <= most:
        rungs |= {power, power * 3 // 2}
        power *= 2
    return sorted(rung for rung in rungs if rung <= most)


def _neighbours(ladder: Sequence[int], best: int, reach: int) -> list[int]:
    """Return the rungs next to `best`, the nearest first, upwards before downwards."""
    below = [rung for rung in ladder if rung < best][::-1][:reach]
    above = [rung for rung in ladder if rung > best][:reach]
    pairs = [side[step] for step in range(reach) for side in (above, below) if step < len(side)]
    return [rung for rung in pairs if rung > 0]


def _is_equal(one: WorkerMeasurement, fastest: WorkerMeasurement) -> bool:
    noise = math.hypot(one.high - one.low, fastest.high - fastest.low) / 2
    return one.median - fastest.median <= max(_EQUAL_WITHIN * fastest.median, noise)
