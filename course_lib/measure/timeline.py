"""The timeline of an epoch: where every batch was, when, and how long the network waited (lesson 12)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from course_lib.loader.times import BatchTimes
from course_lib.measure.chrome import save_chrome
from course_lib.measure.report import percent, write_report
from course_lib.measure.spans import NETWORK, WAITING, Event, Span, make_spans, rows_in_order
from course_lib.measure.verdict import Verdict, judge
from course_lib.measure.window import choose_window, cut
from course_lib.measure.words import counted
from course_lib.platform import available_cores

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Timeline:
    """One traced epoch; `print` shows a report, a notebook shows the picture (lesson 12).

    Attributes:
        batches: when each batch passed its stages, in the order in which batches were handed out.
        events: waits that brought no batch (workers starting and ending, errors), and copies.
        begin: when the epoch began, in seconds of `time.perf_counter()`.
        end: when it ended; for an epoch that was broken off, when its last batch was handed out.
        num_workers: number of workers that loaded it.
        stages_known: False if the loader tells nothing about its stages: then there is only waiting and
            computing.
        persistent_workers: whether the workers stay from epoch to epoch.
    """

    batches: tuple[BatchTimes, ...]
    events: tuple[Event, ...]
    begin: float
    end: float
    num_workers: int = 0
    stages_known: bool = True
    persistent_workers: bool = False

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Every stage of every batch with its row, in seconds since the epoch began."""
        return make_spans(self.batches, self.events, self.begin, self.end, self.stages_known)

    @cached_property
    def verdict(self) -> Verdict:
        """What the bottleneck is, and what to do about it."""
        return judge(self.batches, self.num_workers, available_cores(), self.stages_known)

    @property
    def seconds(self) -> float:
        """Length of the epoch in seconds: `waited + computed`."""
        return self.end - self.begin

    @property
    def waited(self) -> float:
        """Seconds that the network waited, the start and the end of the epoch included."""
        return sum(self.totals.get(stage, 0.0) for stage in WAITING)

    @property
    def computed(self) -> float:
        """Seconds that the network computed, copies to its device included."""
        return self.totals.get("compute", 0.0) + self.totals.get("copy", 0.0)

    @property
    def startup(self) -> float:
        """Seconds until the first batch: workers start, and the first batch is loaded."""
        return self.totals.get("start", 0.0)

    @cached_property
    def totals(self) -> Mapping[str, float]:
        """Seconds of each stage, added up over all batches and workers."""
        totals: dict[str, float] = {}
        for span in self.spans:
            totals[span.stage] = totals.get(span.stage, 0.0) + span.end - span.begin
        return totals

    @property
    def throughput(self) -> float:
        """Batches per second from the first to the last, the start left out; 0 for fewer than two."""
        steady = self.batches[-1].handed - self.batches[0].handed if self.batches else 0.0
        return (len(self.batches) - 1) / steady if steady > 0 else 0.0

    @cached_property
    def busy(self) -> Mapping[str, float]:
        """Share of time, from 0 to 1, that each row was busy from the first batch handed out to the last.

        The network is busy when it computes.
        """
        if len(self.batches) < 2:
            return {}
        window = (self.batches[0].handed - self.begin, self.batches[-1].handed - self.begin)
        busy = dict.fromkeys(sorted({span.row for span in self.spans}), 0.0)
        for span in cut(self.spans, window):
            if span.stage not in WAITING:
                busy[span.row] += (span.end - span.begin) / (window[1] - window[0])
        return busy

    def plot(
        self,
        *,
        first: int | None = None,
        last: int | None = None,
        seconds: tuple[float, float] | None = None,
    ) -> "Figure":
        """Draw the timeline: a row for each worker, one for the main process, one for the network.

        Args:
            first: only the first batches, so many.
            last: only the last batches, so many. A long epoch shows its last ones if nothing is chosen.
            seconds: only from one time to another, in seconds since the epoch began.

        Returns:
            The figure; its title is the verdict.

        Raises:
            ValueError: more than one choice, or one that leaves nothing.
        """
        from course_lib.plots.timeline import plot_timeline

        window = choose_window(self.batches, self.begin, self.end, first, last, seconds)
        return plot_timeline(
            cut(self.spans, window),
            rows=rows_in_order(self.spans),
            seconds=window,
            about=self._about(window),
            finding=self.verdict.finding,
            advice=self.verdict.advice[0].upper() + self.verdict.advice[1:],
            notes=self._notes(),
        )

    def save_chrome(self, path: str | os.PathLike[str]) -> None:
        """Write the spans for Perfetto (ui.perfetto.dev) or chrome://tracing.

        Args:
            path: the JSON file to write.

        Raises:
            OSError: it cannot be written. The message names the file; one that was there before is there
                still.
        """
        save_chrome(self.spans, path)

    def _notes(self) -> dict[str, str]:
        notes = {row: f"{percent(share)} busy" for row, share in self.busy.items()}
        if NETWORK in notes:
            notes[NETWORK] = f"{percent(1 - self.busy[NETWORK])} waiting"
        return notes

    def _about(self, window: tuple[float, float]) -> str:
        begin, end = (second + self.begin for second in window)
        shown = [times.number for times in self.batches if times.handed > begin and times.asked < end]
        part = f"batches {min(shown)} to {max(shown)} of " if 0 < len(shown) < len(self.batches) else ""
        return f"{part}{len(self.batches)}{'' if part else ' batches'}, {self.throughput:.1f} batches/s"

    def __repr__(self) -> str:
        return (
            f"<Timeline: {len(self.batches)} batches, {counted(self.num_workers, 'worker')}, "
            f"{self.seconds:.2f} s, waited {self.waited:.2f} s>"
        )

    def __str__(self) -> str:
        return write_report(self)

    def _repr_png_(self) -> bytes:
        figure = self.plot()
        return figure._repr_png_()  # type: ignore[attr-defined, no-any-return]
