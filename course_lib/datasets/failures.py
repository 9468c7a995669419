"""Which samples could not be read, told by all workers together (lesson 17)."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from textwrap import shorten

import numpy as np

from course_lib.datasets.shared_table import SharedTable

_COUNTS = np.dtype([("failed", "u4"), ("retried", "u4")])
_LONGEST_REASON = 300
_SHOWN = 20


@dataclass(frozen=True)
class FailedSample:
    """A sample that could not be read.

    Attributes:
        index: where it is in the dataset.
        times: how often reading it failed, retries not counted.
        reason: type and message of the first error.
    """

    index: int
    times: int
    reason: str


@dataclass(frozen=True)
class FailureReport:
    """What went wrong while a dataset was read.

    Attributes:
        samples: length of the dataset.
        failures: one entry for each sample that failed, by rising index.
        recovered: how many readings succeeded only when they were tried again.
    """

    samples: int
    failures: tuple[FailedSample, ...]
    recovered: int

    def __str__(self) -> str:
        shown = self.failures[:_SHOWN]
        lines = [self._summary(), *(f"{one.index:>10}  {one.times:>4} ×  {one.reason}" for one in shown)]
        return "\n".join([*lines, *self._rest()])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{one.index}</td><td>{one.times}</td><td>{escape(one.reason)}</td></tr>"
            for one in self.failures[:_SHOWN]
        )
        head = "<tr><th>sample</th><th>times</th><th>first reason</th></tr>"
        return f"<p>{escape(self._summary())}</p><table>{head}{rows}</table>{''.join(self._rest())}"

    def _summary(self) -> str:
        return (
            f"{len(self.failures)} of {self.samples} samples failed; {self.recovered} readings succeeded "
            "when they were tried again."
        )

    def _rest(self) -> list[str]:
        more = len(self.failures) - _SHOWN
        return [f"… and {more} more"] if more > 0 else []


class FailureRecord:
    """Note failures in any process; report them in any other.

    The counts are in a shared table. The first reason for each sample is a line of a file next to it: texts
    have any length, and nobody writes much where little fails.

    Args:
        samples: length of the dataset.
    """

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._table = SharedTable(samples, _COUNTS)

    def add(self, index: int, error: Exception) -> None:
        """Note that a sample could not be read."""
        with self._table.locked():
            is_first = self._table.rows["failed"][index] == 0
            self._table.rows["failed"][index] += 1
            # On a full disk the reason is lost, the count is not.
            with suppress(OSError):
                if is_first:
                    self._append(index, _describe(error))

    def add_recovery(self, index: int) -> None:
        """Note that a sample could be read when it was tried again."""
        with self._table.locked():
            self._table.rows["retried"][index] += 1

    def report(self) -> FailureReport:
        """Say what all processes have noted until now."""
        with self._table.locked():
            failed = self._table.rows["failed"].copy()
            recovered = int(self._table.rows["retried"].sum())
            reasons = dict(self._reasons())
        failures = tuple(
            FailedSample(index, int(failed[index]), reasons.get(index, "the reason could not be written"))
            for index in np.flatnonzero(failed).tolist()
        )
        return FailureReport(self._samples, failures, recovered)

    def _append(self, index: int, reason: str) -> None:
        with open(self._table.folder / "reasons", "a", encoding="utf-8") as file:
            file.write(json.dumps([index, reason]) + "\n")

    def _reasons(self) -> Iterator[tuple[int, str]]:
        path = self._table.folder / "reasons"
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            # A process that was killed may have left half a line.
            with suppress(ValueError):
                index, reason = json.loads(line)
                yield index, reason


def _describe(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {shorten(text, _LONGEST_REASON, placeholder=' …')}"
