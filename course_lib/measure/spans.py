"""From the times of batches to the spans of a timeline: who did what, from when to when (lesson 12).

A timeline has a row for each worker, one for what the main process does about loading, and one for the
network, which either computes or waits. Time runs to the right, data runs down.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from course_lib.loader.times import BatchTimes

NETWORK = "network"
MAIN_PROCESS = "main process"
PINNING = "pinning thread"

# What each stage is, in the order in which a batch passes them.
STAGES = ("fetch", "collate", "pack", "receive", "pin", "start", "wait", "copy", "compute", "stop")
LOADING = ("fetch", "collate", "pack")
WAITING = ("start", "wait", "stop")


class Span(NamedTuple):
    """One stage of one batch, in one row of the timeline.

    Attributes:
        row: who did it: `"worker 0"`, `"main process"`, `"pinning thread"` or `"network"`.
        stage: one of `STAGES`. `"start"` is the wait for the first batch, `"stop"` for the end of the epoch.
        begin: seconds since the epoch began.
        end: seconds since the epoch began.
        batch: number of the batch within the epoch; None if the span belongs to no batch.
    """

    row: str
    stage: str
    begin: float
    end: float
    batch: int | None = None


class Event(NamedTuple):
    """What happened beside waiting for batches and computing, in seconds of the common clock.

    Attributes:
        stage: `"start"`, `"wait"` or `"stop"` for a wait that brought no batch (workers starting or ending,
            an error), or `"copy"`.
        begin: when it began.
        end: when it ended.
    """

    stage: str
    begin: float
    end: float


def make_spans(
    batches: Iterable[BatchTimes],
    events: Iterable[Event],
    begin: float,
    end: float,
    stages_known: bool = True,
) -> tuple[Span, ...]:
    """Lay all stages of an epoch into rows.

    Args:
        batches: times of the batches, in the order in which they were handed out.
        events: what happened beside.
        begin: when the epoch began, in seconds of the common clock.
        end: when it ended.
        stages_known: False if only `asked` and `handed` of the batches were measured.

    Returns:
        Spans of positive length, relative to `begin`: first the loading, then the network's row, whose spans
        fill the whole epoch.
    """
    batches = tuple(batches)
    loading = [span for times in batches for span in _loading_spans(times)] if stages_known else []
    spans = [*_one_after_the_other(loading), *_network_spans(batches, events, begin, end)]
    return tuple(
        span._replace(begin=span.begin - begin, end=span.end - begin)
        for span in spans
        if span.end > span.begin
    )


def _loading_spans(times: BatchTimes) -> Iterator[Span]:
    number, in_process = times.number, times.worker is None
    row = MAIN_PROCESS if in_process else f"worker {times.worker}"
    yield Span(row, "fetch", times.begun, times.fetched, number)
    yield Span(row, "collate", times.fetched, times.collated, number)
    yield Span(row, "pack", times.collated, times.sent, number)
    yield Span(MAIN_PROCESS if in_process else PINNING, "pin", times.received, times.pinned, number)
    if in_process:
        return
    # What is received while the network computes costs no time: only what it waits for is shown.
    arrival = max(times.asked, times.received)
    yield Span(MAIN_PROCESS, "receive", max(times.asked, times.sent), arrival, number)
    yield Span(MAIN_PROCESS, "receive", max(arrival, times.pinned), times.handed, number)


def _one_after_the_other(spans: list[Span]) -> Iterator[Span]:
    """Let no span of a row begin before the one before has ended: batches queue for the pinning thread."""
    free_from: dict[str, float] = {}
    for span in sorted(spans, key=lambda span: (span.begin, span.end)):
        begin = max(span.begin, free_from.get(span.row, span.begin))
        free_from[span.row] = max(begin, span.end)
        yield span._replace(begin=begin)


def _network_spans(
    batches: tuple[BatchTimes, ...], events: Iterable[Event], begin: float, end: float
) -> Iterator[Span]:
    """Fill the epoch with waits and events; all between them is computing on the batch handed out last."""
    waits = (
        Span(NETWORK, "start" if place == 0 else "wait", times.asked, times.handed, times.number)
        for place, times in enumerate(batches)
    )
    known = sorted([*(Span(NETWORK, *event) for event in events), *waits], key=lambda span: span.begin)
    batch = None
    for span, following in pairwise(
        [Span(NETWORK, "start", begin, begin), *known, Span(NETWORK, "stop", end, end)]
    ):
        batch = batch if span.batch is None else span.batch
        yield span if span.stage != "copy" else span._replace(batch=batch)
        yield Span(NETWORK, "compute", span.end, following.begin, batch)


def rows_in_order(spans: Iterable[Span]) -> list[str]:
    """Return the rows as data passes them: the workers by number, the main process, the network."""
    places = {MAIN_PROCESS: 1, PINNING: 2, NETWORK: 3}
    return sorted({span.row for span in spans}, key=lambda row: (places.get(row, 0), len(row), row))
