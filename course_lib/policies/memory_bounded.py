"""A loader that loads less far ahead instead of using more memory (lesson 16).

A loader's own memory is what it has loaded and nobody has asked for yet: with 4 workers and a
`prefetch_factor` of 2, eight batches, in shared memory that the workers keep to use it again. To collect
garbage makes none of it smaller, for nothing of it is garbage; and to empty the GPU's cache frees memory of
the GPU. What helps is to load less ahead, and to begin anew with fresh workers: with the old ones goes their
shared memory, and whatever pages they had copied since they were forked.
"""

import copy
from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import islice, takewhile
from typing import Any

from course_lib.loader.dataloader import DataLoader
from course_lib.loader.parallel import ParallelIterator
from course_lib.loader.serial import SerialIterator
from course_lib.loader.workers import Report
from course_lib.policies.memory_governor import MemoryEvent, MemoryGovernor

_MEBIBYTE = 2**20


class MemoryEfficientDataLoader(DataLoader[Any]):
    """A `DataLoader` that keeps the memory of the process and its workers below a limit (lesson 16).

    It begins with one batch ahead and opens up to `num_workers * prefetch_factor` while memory has room.
    Above the limit it halves that, lets go of what was loaded beyond, to load it again when its turn comes,
    and replaces the workers by new ones. A stream cannot be read again, so there it only stops ordering. At
    last it loads one batch at a time. Every batch comes once and in its order, whatever happens.

    With random augmentation in workers, a batch that is loaded again draws other random numbers. Where
    workers do not start by fork, replacing them takes seconds; it is done the less often the more often it
    was needed.

    The limit covers everything the process uses, also what is not the loader's: torch, the model, each
    worker's own share. `measure_memory().used` before and after the first batch tells how much that is. The
    loader looks when a batch is asked for, but spends no more than a twentieth of the time on that, or half
    of it while memory grows quickly; in between memory may rise above the limit. Where the system knows PSS
    (Linux), shared pages count once, else RSS is added up and counts them in every process.

    Args:
        dataset: as for `DataLoader`.
        *arguments: as for `DataLoader`.
        max_memory_usage: the limit in MB (of 2**20 bytes); None sets no limit.
        **options: as for `DataLoader`. With `num_workers=0` nothing is loaded ahead: only events are kept.

    Raises:
        ValueError: `max_memory_usage` is not above 0, or as for `DataLoader`.
        TypeError: `max_memory_usage` is no number, or as for `DataLoader`.
    """

    def __init__(
        self, dataset: Any, *arguments: Any, max_memory_usage: float | None = None, **options: Any
    ) -> None:
        _check_limit(max_memory_usage)
        super().__init__(dataset, *arguments, **options)
        self.max_memory_usage = max_memory_usage
        self._governor: MemoryGovernor | None = None
        if max_memory_usage is not None:
            limit, most = int(max_memory_usage * _MEBIBYTE), self.num_workers * (self.prefetch_factor or 1)
            self._governor = MemoryGovernor(limit, most, self.num_workers)
            self._serial_iterator, self._parallel_iterator = WatchedIterator, BoundedIterator

    @property
    def events(self) -> Sequence[MemoryEvent]:
        """What the loader did about memory, over all passes, oldest first; the latest thousand."""
        return [] if self._governor is None else list(self._governor.events)

    @property
    def window(self) -> int:
        """How many batches may be ordered and not handed out at the moment."""
        most = self.num_workers * (self.prefetch_factor or 1)
        return most if self._governor is None else self._governor.window


class WatchedIterator(SerialIterator):
    """Loads at the moment a batch is asked for, and notes when memory is above the limit."""

    def __init__(self, loader: "DataLoader[Any]") -> None:
        self._governor = _governor_of(loader)
        super().__init__(loader)

    def _next_batch(self) -> Any:
        if self._governor.is_due():
            self._governor.look(lambda window: 0)
        return super()._next_batch()


class BoundedIterator(ParallelIterator):
    """Orders no more batches than the governor's window has room for."""

    def __init__(self, loader: "DataLoader[Any]") -> None:
        self._governor = _governor_of(loader)
        self._renewals = 0
        twin = copy.copy(loader)  # not the loader itself: neither is to keep the other alive
        twin._iterator = None
        self._make_pool = twin._make_pool
        super().__init__(loader)
        self._orders_early = False  # Beyond the window nothing is ordered, not even while it is waited for.

    def _begin_pass(self, loader: "DataLoader[Any]", draw_seed: bool) -> None:
        super()._begin_pass(loader, draw_seed)
        self._waiting: deque[tuple[int, Any]] = deque()  # drawn from the sampler, and not with a worker
        self._indices: dict[int, Any] = {}  # by number, for every batch that is with a worker
        self._can_load_again = not loader._streaming

    def _next_batch(self) -> Any:
        is_due = self._governor.is_due()
        if is_due:
            self._guard(partial(self._governor.look, self._shed))
        self._guard(self._refill)
        batch = super()._next_batch()
        if is_due:
            self._governor.note_batch(batch)
        return batch

    def _order_ahead(self, batches: int) -> None:
        super()._order_ahead(max(0, min(batches, self._governor.window - len(self._owner))))

    def _order(self, number: int, indices: Any) -> None:
        self._waiting.append((number, indices))
        self._send_waiting()

    def _refill(self) -> None:
        # The window may have opened. An error of the sampler comes here, before a batch is taken.
        missing = self._governor.window - len(self._owner) - len(self._waiting)
        self._waiting.extend(islice(self._orders, max(0, missing)))
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._waiting and len(self._owner) < self._governor.window:
            number, indices = self._waiting.popleft()
            super()._order(number, indices)
            if number in self._owner:  # and not one too many for streams that have all ended
                self._indices[number] = indices

    def _note(self, worker: int, number: int, report: Report, is_end: bool) -> None:
        super()._note(worker, number, report, is_end)
        del self._indices[number]

    def _shed(self, window: int) -> int:
        """Begin anew with a smaller window and other workers; return how many loaded batches are let go."""
        if not self._can_load_again:
            return 0
        while self._collect(0):  # what lies in the pipes
            pass
        numbers, loaded = list(self._owner), len(self._arrived)
        kept = len(list(takewhile(self._arrived.__contains__, numbers[:window])))
        for number in reversed(numbers[kept:]):
            del self._owner[number]
            self._arrived.pop(number, None)
            self._waiting.appendleft((number, self._indices.pop(number)))
        self._replace_workers()
        return loaded - kept

    def _replace_workers(self) -> None:
        self._pool.close()
        self._renewals += 1
        # Other seeds, or they would draw the random numbers of the pass's beginning again.
        self._pool = self._make_pool(self._progress.base_seed + self._renewals * self._num_workers)
        for _ in self._pool.start():
            pass


def _governor_of(loader: Any) -> MemoryGovernor:
    governor: MemoryGovernor = loader._governor
    return governor


def _check_limit(limit: Any) -> None:
    if limit is None:
        return
    if not isinstance(limit, int | float) or isinstance(limit, bool):
        raise TypeError(
            f"max_memory_usage is {limit!r}, of type {type(limit).__name__}. It is the memory that the "
            "process and its workers may use, in MB. Give a number, or None for no limit."
        )
    if not 0 < limit < float("inf"):
        raise ValueError(
            f"max_memory_usage is {limit}. It is the memory that the process and its workers may use, in MB, "
            "so it must be above 0 and finite. Give more, or None for no limit."
        )
