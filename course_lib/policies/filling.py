"""Grow the batch until memory is nearly full (lessons 16 and 19).

Memory in use is a fixed part (the program, the model) and a part that grows with the batch: used = F + c B.
At first neither F nor c is known, only that F is no less than what was in use before the first batch. To
count all the rest as the batch's is to be careful: a step that fits then fits in truth. After that step two
sizes are known, and with them c, the bytes that one more sample takes.
"""

from course_lib.policies.batch_record import BatchRecord
from course_lib.policies.sizing import Choice

_BATCHES = 4  # to measure before growing; workers and allocators take that long to show what a size needs
_AIM = 0.9  # of the limit: measurements vary
_LARGEST_STEP = 2.0  # a wrong measurement must not do much harm
_SMALLEST_STEP = 1.1  # a change of less is not worth it


class MemoryFilling:
    """Grow, step by step, to the largest batch that stays within nine tenths of a limit.

    It only grows: to shrink beyond the limit is the loader's own business, whatever its target is.

    Args:
        limit: bytes.
        before: bytes in use without any batch.
    """

    def __init__(self, limit: int, before: int = 0) -> None:
        self.limit = limit
        self.before = before
        self._used: dict[int, int] = {}  # the most bytes in use, by batch size
        self._measured = 0  # batches of the present size

    def choose(self, record: BatchRecord, size: int, low: int, high: int) -> Choice:
        """Return the size of the next batch."""
        if record.memory is None or record.batch_size != size:
            return Choice(size)
        self._used[size] = max(record.memory, self._used.get(size, 0))
        self._measured += 1
        if self._measured < _BATCHES:
            return Choice(size)
        self._measured = 0
        larger = min(int(self._fitting(size)), int(size * _LARGEST_STEP), high)
        if larger < size * _SMALLEST_STEP:
            return Choice(size)
        share = self._used[size] / self.limit
        return Choice(larger, f"{share:.0%} of the memory limit in use: growing to {larger}")

    def _fitting(self, size: int) -> float:
        """Return the batch size that uses nine tenths of the limit, as far as is known."""
        used, aim = self._used[size], _AIM * self.limit
        smallest = min(self._used)
        other, used_then = (0, self.before) if smallest == size else (smallest, self._used[smallest])
        each = (used - used_then) / (size - other)
        return size + (aim - used) / each if each > 0 else size * _LARGEST_STEP
