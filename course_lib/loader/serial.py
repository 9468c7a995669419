"""Loading in the main process: `num_workers=0` (lesson 10)."""

from time import perf_counter
from typing import TYPE_CHECKING, Any

from course_lib.loader.fetch import Stages
from course_lib.loader.iterator import LoaderIterator
from course_lib.loader.pinning import pin_memory

if TYPE_CHECKING:
    from course_lib.loader.dataloader import DataLoader


class SerialIterator(LoaderIterator):
    """Fetch every batch at the moment it is asked for."""

    def _open_stream(self, loader: "DataLoader[Any]") -> None:
        self._fetcher = loader._make_fetcher(self._progress.untold.pop(0, None))
        self._look_where_it_is()  # A stream draws its order when it is opened.

    def _next_batch(self) -> Any:
        number, indices = next(self._orders, None) or self._finish()
        stages: Stages | None = None if self.observer is None else []
        try:
            fetched = self._fetcher.fetch(indices, stages)
        except Exception:
            self._note(number)
            raise
        self._note(number)
        batch, samples = fetched or self._finish()
        self._progress.samples += samples
        if self._pins:
            batch = pin_memory(batch)
        if stages is not None:
            pinned = perf_counter() if self._pins else stages[-1]
            self._latest = number, None, *stages, stages[-1], stages[-1], pinned
        return batch

    def _note(self, number: int) -> None:
        self._progress.hand_out(number)
        self._look_where_it_is()

    def _look_where_it_is(self) -> None:
        if (position := self._fetcher.position()) is not None:
            self._progress.places[0] = position
