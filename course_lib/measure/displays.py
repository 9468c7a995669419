"""Where a live view appears: in a notebook's output, or in one line of the terminal (lesson 12)."""

import shutil
import sys
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple, Protocol


class Reading(NamedTuple):
    """One thing to show: its name, its value in words, and, where it is a share, the share from 0 to 1."""

    name: str
    text: str
    share: float | None = None


class Display(Protocol):
    """Something that shows readings in place of those before."""

    def show(self, readings: Sequence[Reading]) -> None:
        """Replace what is shown."""

    def close(self) -> None:
        """Leave what is shown as it is."""


def make_display() -> Display:
    """Return the display that fits: a notebook's or the terminal's."""
    return NotebookDisplay() if _in_notebook() else TerminalDisplay()


class NotebookDisplay:
    """A small table in the output of a cell, which changes in place."""

    def __init__(self) -> None:
        from IPython import display

        self._table: Any = display.HTML
        self._handle: Any = display.display(display.HTML(""), display_id=True)  # type: ignore[no-untyped-call]

    def show(self, readings: Sequence[Reading]) -> None:
        """Replace the table."""
        rows = "".join(_table_row(reading) for reading in readings)
        self._handle.update(self._table(f"<table>{rows}</table>"))

    def close(self) -> None:
        """Leave the table as it is."""


class TerminalDisplay:
    """One line, written over itself. Where the output goes to a file, only the last one is written."""

    def __init__(self) -> None:
        self._line = ""

    def show(self, readings: Sequence[Reading]) -> None:
        """Replace the line."""
        self._line = " · ".join(f"{reading.name} {reading.text}" for reading in readings)
        if sys.stdout.isatty():
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{self._line[:width]:<{width}}", end="", flush=True)

    def close(self) -> None:
        """End the line."""
        print("" if sys.stdout.isatty() else self._line, flush=True)


def _table_row(reading: Reading) -> str:
    bar = ""
    if reading.share is not None:
        width = round(100 * min(1.0, max(0.0, reading.share)))
        bar = (
            '<div style="width: 160px; border: 1px solid #7d7d7d">'
            f'<div style="width: {width}%; height: 10px; background: #2b83c6"></div></div>'
        )
    texts = (f'<td style="text-align: left">{cell}</td>' for cell in (escape(reading.name), bar))
    return f'<tr>{"".join(texts)}<td style="text-align: left">{escape(reading.text)}</td></tr>'


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")  # Who runs in a notebook has imported it.
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None
