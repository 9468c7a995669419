"""How large the next batch is: bounds, a lack of memory, and a policy that chooses in between (lesson 19)."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from course_lib.memory import format_bytes
from course_lib.policies.batch_record import BatchRecord
from course_lib.policies.memory_guard import MemoryGuard


class Choice(NamedTuple):
    """The size of the next batch, and why it is another one than before."""

    size: int
    reason: str = ""


class SizePolicy(Protocol):
    """Chooses the size of the next batch from what is known of the last one."""

    def choose(self, record: BatchRecord, size: int, low: int, high: int) -> Choice:
        """Return the size of the next batch.

        Args:
            record: the batch whose step has just ended.
            size: the present size. The batch of `record` may have another: the last of a pass is short, and
                workers load ahead.
            low: the smallest size allowed.
            high: the largest size allowed. It falls when memory runs out.
        """


class BatchSizer:
    """Keep the present batch size and the history, and let a policy decide within the bounds.

    Args:
        size: the first size.
        low: the smallest size allowed.
        high: the largest size allowed.
        policy: chooses.
        guard: says when memory is short.
        clock: returns seconds.

    Attributes:
        history: one record for every batch whose step has ended.
        handed: indices of the batch that was handed out last; None if there is none, or it was taken back.
        again: indices of batches to load once more, in smaller parts.
        loss: what was observed last and belongs to no record yet.
    """

    def __init__(
        self,
        size: int,
        low: int,
        high: int,
        policy: SizePolicy,
        guard: MemoryGuard,
        clock: Callable[[], float],
    ) -> None:
        self.size, self.low, self.high = size, low, high
        self.policy = policy
        self.guard = guard
        self.clock = clock
        self.history: list[BatchRecord] = []
        self.handed: Sequence[Any] | None = None
        self.again: deque[Sequence[Any]] = deque()
        self.loss: float | None = None
        self._forced = ""

    def present_size(self) -> int:
        """Return the size of the next batch."""
        return self.size

    def note(self, record: BatchRecord) -> None:
        """Take the record of a batch whose step has ended, and decide on the next size."""
        memory = self.guard.look(record.batch_size)
        record = replace(record, memory=memory, loss=self.loss)
        self.loss = None
        reason, self._forced = self._forced, ""
        if not reason:
            is_beyond = self.guard.is_beyond(memory)
            reason = self._shrink(memory or 0, record.batch_size) if is_beyond else self._ask(record)
        self.history.append(replace(record, next_batch_size=self.size, reason=reason))

    def observe(self, loss: Any) -> None:
        """Keep the loss of the latest batch for its record."""
        try:
            # A tensor that needs gradients warns if it is made a number.
            value = float(loss.detach() if hasattr(loss, "detach") else loss)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(
                f"loss is {loss!r}. It must be one number, or a tensor with one element. Pass the mean over "
                "the batch: loss.mean()."
            ) from error
        if not math.isfinite(value):
            raise ValueError(
                f"loss is {value}. Whether training converges is read from finite losses, and this one has "
                "diverged. Lower the learning rate, or clip the gradients."
            )
        self.loss = value

    def restore(self, again: list[list[int]], size: int, high: int) -> None:
        """Go on where another sizer stood, within the bounds of this one."""
        self.high = max(self.low, min(self.high, high))
        self.size = max(self.low, min(self.high, size))
        self.again = deque(again)
        self.handed = None

    def take_back(self, indices: Sequence[Any]) -> bool:
        """Let a batch that does not fit into memory come again in parts; return False if it cannot shrink.

        All later batches are smaller, too.
        """
        if len(indices) <= self.low:
            return False
        self._lower(len(indices))
        self._forced = f"a batch of {len(indices)} did not fit into memory"
        smaller = min(self.high, max(self.low, len(indices) // 2))
        starts = range(0, len(indices), smaller)
        self.again.extendleft(indices[start : start + smaller] for start in reversed(starts))
        return True

    def _ask(self, record: BatchRecord) -> str:
        before = self.size
        choice = Choice(*self.policy.choose(record, before, self.low, self.high))
        self.size = min(max(int(choice.size), self.low), self.high)
        return choice.reason if self.size != before else ""

    def _shrink(self, memory: int, batch_size: int) -> str:
        if not self.guard.wants_less(memory, batch_size, self.size, self.low):
            return ""
        self._lower(self.size)
        return f"{format_bytes(memory)} in use, beyond the limit: down to {self.size}"

    def _lower(self, too_large: int) -> None:
        """Allow at most half of a size that was too large. Such a size is not tried again."""
        if too_large <= self.high:  # Batches that were loaded ahead may be larger than is allowed by now.
            self.high = max(self.low, too_large // 2)
        self.size = min(self.size, self.high)
