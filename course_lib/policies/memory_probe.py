"""Measure memory often enough to react, and seldom enough not to be felt (lessons 16 and 19)."""

from collections.abc import Callable

from course_lib.memory import measure_memory

_FIRST = 4  # batches of a new size, all measured
_COST = 20  # afterwards one twentieth of the time, at most, goes into measuring


def memory_of_this_process() -> int:
    """Return the bytes that this process and its workers use (takes some 30 ms on Linux)."""
    return measure_memory().used


class MemoryProbe:
    """Measure at the first batches of every size, and then now and again.

    Args:
        measure: returns the bytes in use.
        clock: returns seconds.
    """

    def __init__(self, measure: Callable[[], int], clock: Callable[[], float]) -> None:
        self._measure = measure
        self._clock = clock
        self._batch_size = 0
        self._left = 0
        self._next = 0.0

    def look(self, batch_size: int) -> int | None:
        """Return the bytes in use, at a batch of this size; None where it is too early to measure again."""
        if batch_size != self._batch_size:
            self._batch_size, self._left = batch_size, _FIRST
        begin = self._clock()
        if self._left == 0 and begin < self._next:
            return None
        self._left = max(0, self._left - 1)
        used = self._measure()
        end = self._clock()
        self._next = end + (_COST - 1) * (end - begin)
        return used
