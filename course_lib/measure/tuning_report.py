"""What a search for the number of workers has found, as a table and as a plot (lesson 12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from course_lib.measure.candidates import Choice, WorkerMeasurement
from course_lib.measure.words import counted
from course_lib.memory import format_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_LONGEST_REASON = 100


@dataclass(frozen=True, repr=False)
class WorkerTuning:
    """The result of `tune_num_workers`.

    Attributes:
        measurements: one for every candidate, by rising number of workers.
        choice: the number chosen, with its reason.
        cores: cores that this process may use.
        batches: batches in an epoch; None if the loader does not know.
        stopped: why the search ended, in words.
    """

    measurements: tuple[WorkerMeasurement, ...]
    choice: Choice
    cores: int
    batches: int | None
    stopped: str

    @property
    def best(self) -> int:
        """The number of workers to use: the fewest that cannot be told from the fastest."""
        return self.choice.workers

    @property
    def rule_of_thumb(self) -> int:
        """Half of the cores, rounded down."""
        return self.cores // 2

    def of(self, workers: int) -> WorkerMeasurement:
        """Return the measurement of one number of workers.

        Raises:
            ValueError: this number was not measured.
        """
        for measurement in self.measurements:
            if measurement.workers == workers:
                return measurement
        measured = [measurement.workers for measurement in self.measurements]
        raise ValueError(
            f"workers is {workers}. Only what was measured is known: {measured}. Name one of these, or "
            "measure it with tune_num_workers(…, candidates=…)."
        )

    def plot(self, prediction: Mapping[int, float] | None = None) -> "Figure":
        """Draw time and memory against workers; see `course_lib.plots.tuning.plot_tuning`.

        Args:
            prediction: seconds per batch that you expect, by number of workers.
        """
        from course_lib.plots.tuning import plot_tuning

        return plot_tuning(self, prediction)

    def __str__(self) -> str:
        lines = [f"{'workers':>7}  {'ms per batch (quartiles)':<28}  {'first batch':>11}  {'memory':>9}"]
        lines += [self._row(measurement) for measurement in self.measurements]
        lines.append(f"best: {counted(self.best, 'worker')} ({self.choice.reason})")
        lines.append(f"the search ended because {self.stopped}")
        return "\n".join(lines)

    __repr__ = __str__

    def _row(self, one: WorkerMeasurement) -> str:
        if one.failure:
            return f"{one.workers:>7}  failed: {shorten(one.failure, _LONGEST_REASON, placeholder=' …')}"
        time = f"{one.median * 1e3:.3g} ({one.low * 1e3:.3g} to {one.high * 1e3:.3g})"
        first = "" if one.first_batch is None else f"{one.first_batch:.2f} s"
        memory = "" if one.memory is None else format_bytes(one.memory)
        marks = [
            name
            for name, number in (("best", self.best), ("cores ÷ 2", self.rule_of_thumb))
            if number == one.workers
        ]
        return f"{one.workers:>7}  {time:<28}  {first:>11}  {memory:>9}  {', '.join(marks)}".rstrip()

    def _repr_png_(self) -> bytes | None:
        from course_lib.plots.style import CourseFigure

        figure = self.plot()
        return figure._repr_png_() if isinstance(figure, CourseFigure) else None
