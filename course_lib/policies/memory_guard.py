"""Say when batches are too large for a limit of memory (lessons 16 and 19).

A limit counts all memory of a process, and batches are a part of it. Where they are a small part, halving
them does not help, and tiny batches are only slow: the guard notices, and says so instead.
"""

import warnings

from course_lib.memory import format_bytes
from course_lib.policies.memory_probe import MemoryProbe

_PATIENCE = 4  # batches of a smaller size before their memory is judged
_LITTLE_LESS = 0.99  # of the memory before: halving the batch has not helped


class MemoryGuard:
    """Measure memory, and tell when the batch is to be halved.

    Args:
        limit: bytes; None sets no limit, and then nothing is measured.
        probe: measures.
    """

    def __init__(self, limit: int | None, probe: MemoryProbe) -> None:
        self.limit = limit
        self._probe = probe
        self._patience = 0
        self._shrunk_at = 0  # the bytes in use when a batch was halved for them last, and still too many
        self._has_warned = False

    def look(self, batch_size: int) -> int | None:
        """Return the bytes in use at a batch of this size; None if they are not measured now."""
        return None if self.limit is None else self._probe.look(batch_size)

    def is_beyond(self, memory: int | None) -> bool:
        """Tell whether so many bytes are beyond the limit."""
        if memory is None or self.limit is None:
            return False
        if memory <= self.limit:
            self._shrunk_at = 0
        return memory > self.limit

    def wants_less(self, memory: int, batch_size: int, size: int, low: int) -> bool:
        """Tell whether batches are to be halved, so many bytes being beyond the limit.

        Args:
            memory: bytes in use.
            batch_size: of the batch that they were measured at.
            size: the present size; batches that were loaded ahead may be larger.
            low: the smallest size allowed.
        """
        if self._patience > 0:
            self._patience -= batch_size <= size
            return False
        if size == low:
            self._warn(memory, size, f"min_batch_size={low} allows no smaller ones")
            return False
        if memory > _LITTLE_LESS * self._shrunk_at > 0:
            self._warn(memory, size, "halving them has freed next to nothing")
            return False
        self._patience, self._shrunk_at = _PATIENCE, memory
        return True

    def _warn(self, memory: int, size: int, why: str) -> None:
        if self._has_warned:
            return
        self._has_warned = True
        warnings.warn(
            f"{format_bytes(memory)} are in use, the limit is {format_bytes(self.limit or 0)}, and batches "
            f"stay at {size} samples: {why}. The limit counts all memory of this process and its workers, of "
            "which batches are only a part. Give a higher limit, or use fewer workers.",
            stacklevel=2,
        )
