"""Decide from memory in use how many batches may be loaded ahead (lesson 16).

The window, the number of batches that are ordered and not handed out, begins at one. It opens while there is
room, and closes when there is none, as the senders of a network do with their packets:

    in use, after opening, still below the limit   open, to twice as many at most
    in use above the limit                         halve; what was loaded ahead beyond that is let go
    above the limit at a window of one             nothing is left to give up: the rest is not the loader's

What one more batch may cost is known from the batches so far. At work on one, a worker holds its samples, the
batch, and the copy that travels: three times its size. Waiting, a batch is there once.
"""

import time
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from course_lib.memory import format_bytes, measure_memory
from course_lib.policies.sizes import size_in_bytes

# Of all time: to add up the pages of several processes takes 10 milliseconds and more. At first, while the
# window opens, it is half of the time, then less with every look.
_TIME_MEASURING = 0.05
_TIME_MEASURING_AT_FIRST = 0.5
_LONGEST_PATIENCE = 64
_WHILE_AT_WORK = 2  # further copies of its batch that a worker holds


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


class MemoryGovernor:
    """Keeps the number of batches loaded ahead to what memory has room for.

    Args:
        limit: bytes.
        most: the largest window; 0 where nothing is loaded ahead.
        num_workers: how many batches are worked on at once, at most.
        measure: returns the bytes in use.

    Attributes:
        window: how many batches may be ordered and not handed out.
        largest_batch: bytes of the largest batch that was looked at.
        events: what was done, oldest first; the latest thousand.
    """

    def __init__(
        self, limit: int, most: int, num_workers: int, measure: Callable[[], int] | None = None
    ) -> None:
        self.limit = limit
        self.window = min(1, most)
        self.largest_batch = 0
        self.events: deque[MemoryEvent] = deque(maxlen=1000)
        self._most = most
        self._num_workers = num_workers
        self._measure = measure or measure_used
        self._began = time.perf_counter()
        self._next_look = self._began
        self._looks = 0
        self._used: deque[int] = deque(maxlen=_LONGEST_PATIENCE)  # since the window changed
        self._patience = 1  # looks without pressure before the window opens; more after each time it closed
        self._is_above = False

    def is_due(self) -> bool:
        """Tell whether it is time to look: so that measuring takes little of all time."""
        return time.perf_counter() >= self._next_look

    def look(self, shed: Callable[[int], int]) -> None:
        """Measure, and change the window if need be.

        Args:
            shed: called with the new window when it closes; lets go what is beyond, and returns how many
                loaded batches these were.
        """
        begun = time.perf_counter()
        used = self._measure()
        ended = time.perf_counter()
        self._looks += 1
        share = max(_TIME_MEASURING, _TIME_MEASURING_AT_FIRST / self._looks)
        self._next_look = ended + (ended - begun) / share
        if used > self.limit:
            self._close(used, shed)
        else:
            self._is_above = False
            self._used.append(used)
            self._open(used)

    def note_batch(self, batch: Any) -> None:
        """Look at the size of a batch."""
        self.largest_batch = max(self.largest_batch, size_in_bytes(batch))

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
            self._change("at least", used, self.window)
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


def measure_used() -> int:
    """Return the bytes that this process and its workers use."""
    return measure_memory().used
