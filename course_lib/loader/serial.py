"""Loading in the main process: `num_workers=0` (lesson 10)."""

from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

from course_lib.loader.iterator import Handed, LoaderIterator
from course_lib.loader.pinning import pin_memory

if TYPE_CHECKING:
    from course_lib.loader.dataloader import DataLoader


class SerialIterator(LoaderIterator):
    """Fetch every batch at the moment it is asked for."""

    def __init__(self, loader: "DataLoader[Any]") -> None:
        super().__init__(loader)
        self._share = self._progress.share(0)
        self._fetcher = loader._make_fetcher(self._share.position)

    def _next_handed(self) -> Handed | None:
        for number, indices in islice(self._orders, 1):
            try:
                fetched = self._fetcher.fetch(indices)
            finally:
                self._share.position = self._fetcher.position()
                self._progress.hand_out(number, 0)
            if fetched is None:
                return None
            batch, samples, (begun, loaded, collated) = fetched
            self._progress.samples += samples
            pinned = collated
            if self._pinning_device is not None:
                batch, pinned = pin_memory(batch), perf_counter()
            stages = (begun, loaded, collated, collated, collated, pinned)
            return Handed(batch, number, None, samples, stages)
        return None
