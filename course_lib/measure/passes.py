"""One pass over a loader with a stopwatch: how long a batch takes, and what the workers cost (lesson 12)."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from course_lib.memory import measure_memory


class Pass(NamedTuple):
    """What one pass, or the beginning of one, has shown.

    Attributes:
        arrivals: seconds from asking for the iterator to each batch, in order; what the consumer does with a
            batch lies between two arrivals.
        end: seconds to the end of the consumer's last step.
        memory: bytes in use, workers included, above what was in use before; None if it was not measured.
        is_enough: whether the pass came to its end, or far enough to tell the steady part from the start.
    """

    arrivals: tuple[float, ...]
    end: float
    memory: int | None
    is_enough: bool = True


def time_pass(
    loader: Any, consume: Callable[[Any], object], seconds: float, enough: int, latest: float
) -> Pass:
    """Go over a loader until its end, or until time is up, and note when every batch came.

    Args:
        loader: any iterable of batches.
        consume: called with every batch.
        seconds: when they are over, the pass is broken off.
        enough: number of batches below which it is not,
        latest: unless these seconds are over, too.

    Returns:
        The times, and the memory at the last batch.
    """
    expected = _length(loader)
    before = measure_memory().used
    arrivals: list[float] = []
    memory = None
    start = time.perf_counter()
    iterator = iter(loader)
    end = 0.0
    for batch in iterator:
        arrivals.append(time.perf_counter() - start)
        consume(batch)
        end = time.perf_counter() - start
        is_enough = len(arrivals) >= enough
        time_is_up = end >= latest or (end >= seconds and is_enough)
        if time_is_up or len(arrivals) == expected:
            # At this moment the workers still live; after the end of the pass they may be gone.
            memory = max(0, measure_memory().used - before)
        if time_is_up:
            return Pass(tuple(arrivals), end, memory, is_enough)
    return Pass(tuple(arrivals), end, memory)


def seconds_per_batch(result: Pass, workers: int, batches: int | None, counts_start: bool) -> float:
    """Return what a batch costs in a whole epoch.

    Workers deliver in bursts: n workers that began together bring n batches nearly at once. So the time
    between batches is taken over whole rounds of n batches. New workers are slow at first, until their memory
    has settled: the pace is that of the second half of the rounds. What the first half took beyond it, the
    start of the workers included, is paid once in an epoch, and is shared out among its batches.

    Args:
        result: of `time_pass`, with one batch at least.
        workers: number of workers.
        batches: number of batches in an epoch; None if unknown, so that the start weighs nothing.
        counts_start: whether every epoch pays for the start of the workers; not so with persistent ones.
    """
    at_once, arrivals = max(1, workers), result.arrivals
    rounds = len(arrivals) // at_once
    if rounds < 2:  # too short for a difference: all that is known is the average
        return result.end / len(arrivals)
    first, last = rounds // 2 * at_once, rounds * at_once
    steady = (arrivals[last - 1] - arrivals[first - 1]) / (last - first)
    if batches is None or not counts_start:
        return steady
    start = max(0.0, arrivals[first - 1] - steady * first)
    return steady + start / max(batches, 1)


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except TypeError:
        return None
