"""Decide from memory in use how many batches may be loaded ahead (lesson 16).

The window, the number of batches that are ordered and not handed out, begins at one. It opens while there is
room, and closes when there is none, as the senders of a network do with their packets:

    in use, after opening, still below the limit   open, to twice as many at most
    in use above the limit                         halve; what was loaded ahead beyond that is let go
    above the limit at a window of one             nothing is left to give up: the rest is not the loader's

What one more batch may cost is known from the batches so far. At work on one, a worker holds its samples, the
batch, and the copy that travels: three times its size. Waiting, a batch is there once, in a slot of shared
memory that is a quarter larger.
"""

import time
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from course_lib.memory import format_bytes
from course_lib.policies.memory_gauge import MemoryGauge
from course_lib.policies.sizes import size_in_bytes

# Shares of all time. A look is not cheap. At first, while the window opens, looking may take half of it all,
# then less each time. When memory has grown by half of the room that was left, it may do so again.
_TIME_LOOKING = 0.05
_TIME_LOOKING_IN_HASTE = 0.5
_TIME_WATCHING = 0.01
_LONGEST_PATIENCE = 64
_WHILE_AT_WORK = 2  # further copies of its batch that a worker holds
_SLOT = 1.25


@dataclass(frozen=True)
class MemoryEvent:
    """What the loader did about memory at one moment.

    Attributes:
        seconds: since the loader was made.
        used: bytes in use by the process and its workers: PSS, or RSS where there is no PSS.
        limit: bytes that may be in use.
        action: "opened", one more batch or several may be loaded ahead from now on; "shed", fewer, and what
            was loaded ahead beyond that was let go; "at least", above the limit with nothing to give up.
        window: how many batches may be loaded ahead from now on.
        batches: how many loaded batches were let go, to be loaded again when their turn comes.
    """

    seconds: float
    used: int
    limit: int
    action: Literal["opened", "shed", "at least"]
    window: int
    batches: int = 0


class Gauge(Protocol):
    """Measures memory."""

    def measure(self) -> int:
        """Return the bytes in use."""

    def growth(self) -> int:
        """Return by how many bytes that has grown since, roughly and quickly."""


class MemoryGovernor:
    """Keeps the number of batches loaded ahead to what memory has room for.

    Args:
        limit: bytes.
        most: the largest window; 0 where nothing is loaded ahead.
        num_workers: how many batches are worked on at once, at most.
        gauge: measures memory.

    Attributes:
        window: how many batches may be ordered and not handed out.
        largest_batch: bytes that the largest batch takes, of those that were looked at.
        events: what was done, oldest first; the latest thousand.
    """

    def __init__(self, limit: int, most: int, num_workers: int, gauge: Gauge | None = None) -> None:
        self.limit = limit
        self.window = min(1, most)
        self.largest_batch = 0
        self.events: deque[MemoryEvent] = deque(maxlen=1000)
        self._most = most
        self._num_workers = num_workers
        self._gauge = gauge or MemoryGauge()
        self._began = time.perf_counter()
        self._looks = 0
        self._next_look = self._next_hasty_look = self._next_watch = self._began
        self._room = 0  # as of the last look
        self._used: deque[int] = deque(maxlen=_LONGEST_PATIENCE)  # since the window changed
        self._patience = 1  # looks without pressure before the window opens; more after each time it closed
        self._is_above = False

    def is_due(self) -> bool:
        """Tell whether it is time to look: seldom, unless memory has grown."""
        begun = time.perf_counter()
        if begun >= self._next_look:
            return True
        if begun < max(self._next_hasty_look, self._next_watch):
            return False
        growth = self._gauge.growth()
        ended = time.perf_counter()
        self._next_watch = ended + (ended - begun) / _TIME_WATCHING
        return growth > self._room / 2

    def look(self, shed: Callable[[int], int]) -> None:
        """Measure, and change the window if need be.

        Args:
            shed: called with the new window when it closes; lets go of what is beyond, begins anew with
                fresh workers, and returns how many loaded batches went.
        """
        begun = time.perf_counter()
        used = self._gauge.measure()
        ended = time.perf_counter()
        self._looks += 1
        share = max(_TIME_LOOKING, _TIME_LOOKING_IN_HASTE / self._looks)
        self._next_look = ended + (ended - begun) / share
        self._next_hasty_look = ended + (ended - begun) / _TIME_LOOKING_IN_HASTE
        self._room = max(0, self.limit - used)
        if used > self.limit:
            self._close(used, shed)
        else:
            self._is_above = False
            self._used.append(used)
            self._open(used)

    def note_batch(self, batch: Any) -> None:
        """Look at the size of a batch."""
        self.largest_batch = max(self.largest_batch, int(_SLOT * size_in_bytes(batch)))

    def _open(self, used: int) -> None:
        if len(self._used) < self._patience or self.window >= self._most or not self.largest_batch:
            return
        at_work = _WHILE_AT_WORK * min(self._most, self._num_workers) * self.largest_batch
        room = (self.limit - max(self._used) - at_work) // self.largest_batch
        window = min(self._most, 2 * self.window, self.window + room)
        if window > self.window:
            self._change("opened", used, window)

    def _close(self, used: int, shed: Callable[[int], int]) -> None:
        was_above, self._is_above = self._is_above, True
        if self.window > 1:
            self._patience = min(_LONGEST_PATIENCE, 2 * self._patience)
            window = self.window // 2
            self._change("shed", used, window, shed(window))
        elif not was_above:
            # Fresh workers take less, if the old ones have grown; not again and again.
            is_worth_it = self.window > 0 and len(self._used) >= _LONGEST_PATIENCE
            self._change("at least", used, self.window, shed(self.window) if is_worth_it else 0)
            self._warn(used)

    def _change(
        self, action: Literal["opened", "shed", "at least"], used: int, window: int, batches: int = 0
    ) -> None:
        seconds = time.perf_counter() - self._began
        self.events.append(MemoryEvent(seconds, used, self.limit, action, window, batches))
        self.window = window
        self._used.clear()

    def _warn(self, used: int) -> None:
        if sum(event.action == "at least" for event in self.events) == 1:
            warnings.warn(
                f"The process and its workers use {format_bytes(used)}, and max_memory_usage is "
                f"{format_bytes(self.limit)}. The loader loads one batch at a time now, and can do no more: "
                "the rest belongs to the program, its dataset and its workers. Give a higher limit, smaller "
                "batches or fewer workers.",
                stacklevel=6,
            )
