"""How far a class run is: a bar with the time that is left on a terminal, plain lines elsewhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from course_lib.classroom.grading.graded import Graded

_TROUBLE = ("timeout", "crashed", "rejected")


class ProgressLine:
    """Shows each result as it comes; used as a context."""

    def __init__(self) -> None:
        self._console = Console(soft_wrap=True, highlight=False)
        columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console) if sys.stdout.isatty() else None
        self._task = self._bar.add_task("grading", total=None) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, graded: Graded, done: int, total: int) -> None:
        """Show one result; on a terminal only what deserves a look gets a line."""
        note = "; ".join(filter(None, [graded.note, *graded.verdict.reviews]))
        line = f"[{done}/{total}] {graded.student}: {graded.score} points, {graded.verdict.status}"
        line += f"  {note}" if note else ""
        if self._bar is None or self._task is None:
            print(line, flush=True)
            return
        self._bar.update(self._task, completed=done, total=total)
        if graded.verdict.status in _TROUBLE or graded.verdict.reviews:
            self._console.print(escape(line))
