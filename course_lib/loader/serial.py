"""Loading in the main process: `num_workers=0` (lesson 10)."""

from typing import TYPE_CHECKING, Any

from course_lib.loader.fetch import Fetched
from course_lib.loader.iterator import LoaderIterator
from course_lib.loader.pinning import pin_memory

if TYPE_CHECKING:
    from course_lib.loader.dataloader import DataLoader


class SerialIterator(LoaderIterator):
    """Fetch every batch at the moment it is asked for."""

    def __init__(self, loader: "DataLoader[Any]") -> None:
        super().__init__(loader)
        self._fetcher = loader._make_fetcher()

    def _next_fetched(self) -> Fetched | None:
        for indices in self._indices:
            fetched = self._fetcher.fetch(indices)
            if fetched is None or self._pinning_device is None:
                return fetched
            batch, samples = fetched
            return pin_memory(batch), samples
        return None
