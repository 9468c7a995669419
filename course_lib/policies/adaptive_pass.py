"""One pass with a batch size that changes on its way: what is timed, and when (lesson 19).

    ask ── loading_seconds ── handed out ── step_seconds ── ask ── loading_seconds ── handed out ── ...
                                                             └ the record is complete: the next size is chosen

The pass reads the clock when it is asked for a batch and when it hands it out. In between it loads; outside,
the consumer works. So neither is ever taken for the other. What it does itself at an ask, to measure memory
and to choose, belongs to neither.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from course_lib.loader.iterator import LoaderIterator
from course_lib.loader.pinning import pin_memory
from course_lib.loader.times import BatchTimes
from course_lib.policies.batch_record import BatchRecord
from course_lib.policies.cutting import Cut
from course_lib.policies.sizing import BatchSizer

if TYPE_CHECKING:
    from course_lib.policies.adaptive import AdaptiveBatchDataLoader


class AdaptivePass(Iterator[Any]):
    """Hand out the batches of one pass, and note each in the history.

    A batch that does not fit into memory is loaded again in halves, in this process.
    """

    def __init__(
        self, loader: "AdaptiveBatchDataLoader[Any]", inner: LoaderIterator, cut: Cut, epoch: int
    ) -> None:
        self._loader = loader
        self._inner = inner
        self._cut = cut
        self._epoch = epoch
        self._sizer: BatchSizer = loader.sizer
        self._given = 0
        self._open: Callable[[float], BatchRecord] | None = None

    @property
    def observer(self) -> Callable[[BatchTimes], None] | None:
        """Called with the times of each batch that is handed out, as with any `DataLoader`."""
        return self._inner.observer

    @observer.setter
    def observer(self, observer: Callable[[BatchTimes], None] | None) -> None:
        self._inner.observer = observer

    def __next__(self) -> Any:
        clock = self._sizer.clock
        if self._open is not None:
            # Closed before the clock is read again, so that deciding is not taken for loading.
            finished, self._open = self._open, None
            self._sizer.note(finished(clock()))
        asked = clock()
        self._sizer.handed = None
        batch, indices = self._load()
        self._sizer.handed = indices
        self._open = _opened(self._epoch, self._given, len(indices), asked, clock())
        self._given += 1
        return batch

    def __len__(self) -> int:
        """Return the number of batches given so far, and of those to come if the size stays what it is."""
        return self._given + len(self._sizer.again) + self._loader.batch_sampler.left()

    def _load(self) -> tuple[Any, Sequence[Any]]:
        while True:
            indices: Sequence[Any] | None = None
            try:
                if self._sizer.again:
                    indices = self._sizer.again.popleft()
                    return self._load_here(indices), indices
                batch = next(self._inner)
                return batch, self._cut.hand_out(self._number())
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if indices is None:
                    indices = self._cut.hand_out(self._number())
                if not self._sizer.take_back(indices):
                    raise

    def _number(self) -> int:
        """Return the number of the batch that the inner pass has just handed out or failed to make."""
        return self._inner._progress.handed - 1

    def _load_here(self, indices: Sequence[Any]) -> Any:
        fetched = self._loader._make_fetcher(None).fetch(indices)
        if fetched is None:
            raise RuntimeError("A map-style dataset gave no batch for its indices.")
        batch = fetched[0]
        return pin_memory(batch) if self._inner._pins else batch


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception says that host or GPU memory was not enough."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # torch's allocator for host memory has no exception class of its own.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _opened(
    epoch: int, batch: int, batch_size: int, asked: float, handed: float
) -> Callable[[float], BatchRecord]:
    """Return what makes the record of a batch, once it is known when its step ended."""
    return lambda ended: BatchRecord(epoch, batch, batch_size, handed - asked, ended - handed)
