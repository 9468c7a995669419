"""Grow the batch until memory is nearly full (lessons 16 and 19).

Memory in use is a fixed part (the program, the model) and a part that grows with the batch: used = F + c B.
At first neither F nor c is known. Still the size B * limit / used never uses more than the limit, because F
does not grow along: F + c B limit / used <= limit. After that step two sizes are known, and with them c, the
bytes that one more sample takes.
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
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
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
        if smallest == size:
            return size * aim / max(used, 1)
        each = (used - self._used[smallest]) / (size - smallest)
        return size + (aim - used) / each if each > 0 else size * _LARGEST_STEP
