"""A timeline in words and numbers, for the terminal (lesson 12)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from course_lib.measure.spans import LOADING, NETWORK, STAGES, WAITING, rows_in_order
from course_lib.measure.words import counted

if TYPE_CHECKING:
    from course_lib.measure.timeline import Timeline

_NAMES = {
    "fetch": "fetch samples",
    "collate": "collate",
    "pack": "pack to send",
    "receive": "receive",
    "pin": "pin",
    "start": "wait at the start",
    "wait": "wait",
    "copy": "copy to the device",
    "compute": "compute",
    "stop": "wait at the end",
}


def percent(share: float) -> str:
    """Write a share from 0 to 1 for a reader: "69 %"."""
    return f"{share:.0%}".replace("%", " %")


def write_report(timeline: "Timeline") -> str:
    """Return a table of the stages, how busy each row was, the start, and the verdict."""
    return "\n".join(_lines(timeline))


def _lines(timeline: "Timeline") -> Iterator[str]:
    count = len(timeline.batches)
    yield (
        f"{count} batches, {counted(timeline.num_workers, 'worker')}, {timeline.seconds:.2f} s: "
        f"{timeline.throughput:.1f} batches/s"
    )
    yield ""
    yield f"{'stage':<22}{'seconds':>9}{'ms per batch':>14}{'share of time':>15}"
    for stage in STAGES:
        if stage in timeline.totals:
            yield _stage_line(timeline, stage)
    yield ""
    for row in rows_in_order(timeline.spans):
        if row in timeline.busy:
            yield f"{row:<22}{_busy(timeline.busy[row], row)}"
    yield ""
    yield f"The first batch came after {timeline.startup:.2f} s{_cause_of_start(timeline)}."
    yield timeline.verdict.sentence


def _stage_line(timeline: "Timeline", stage: str) -> str:
    seconds = timeline.totals[stage]
    # Workers have their time side by side: two workers have two seconds in every second.
    rows = max(1, timeline.num_workers) if stage in LOADING else 1
    share = seconds / (rows * timeline.seconds) if timeline.seconds else 0.0
    per_batch = seconds / max(1, len(timeline.batches))
    each = "" if stage in WAITING and stage != "wait" else f"{per_batch * 1000:.2f}"
    return f"{_NAMES[stage]:<22}{seconds:>9.3f}{each:>14}{percent(share):>15}"


def _busy(share: float, row: str) -> str:
    bar = "█" * round(20 * share)
    note = f", waiting {percent(1 - share)}" if row == NETWORK else ""
    return f"{bar:<20} busy {percent(share)}{note}"


def _cause_of_start(timeline: "Timeline") -> str:
    if timeline.num_workers == 0 or timeline.persistent_workers:
        return ""
    return ", with the start of the workers in it (persistent_workers=True starts them once, not each epoch)"
