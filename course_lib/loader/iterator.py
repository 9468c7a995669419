"""What the iterators of a loader have in common (lesson 10)."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from course_lib.loader.fetch import Fetched, iterate_indices
from course_lib.loader.pinning import find_pinning_device
from course_lib.loader.seeding import draw_base_seed

if TYPE_CHECKING:
    from course_lib.loader.dataloader import DataLoader


class LoaderIterator(ABC):
    """One pass over the data of a loader.

    It keeps what it needs of the loader, not the loader itself: so neither keeps the other alive.
    """

    def __init__(self, loader: "DataLoader[Any]") -> None:
        self._index_sampler = loader._index_sampler
        self._pinning_device = find_pinning_device(loader.pin_memory, loader.pin_memory_device)
        self._begin_pass(loader)
        # After iter(sampler), before its first index: the order in which torch draws from the generator.
        self._base_seed = draw_base_seed(loader.generator)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        fetched = self._next_fetched()
        if fetched is None:
            raise StopIteration
        batch, samples = fetched
        if self._declared_samples is not None:
            self._count(samples, self._declared_samples)
        return batch

    def __len__(self) -> int:
        return len(self._index_sampler)  # type: ignore[arg-type]

    def __getstate__(self) -> NoReturn:
        raise NotImplementedError(
            f"{type(self).__name__} cannot be pickled: it is a pass that is going on. Pickle the loader "
            "instead."
        )

    @abstractmethod
    def _next_fetched(self) -> Fetched | None:
        """Return the next batch, or None at the end of the pass."""

    def _begin_pass(self, loader: "DataLoader[Any]") -> None:
        self._indices = iterate_indices(self._index_sampler, loader.dataset)
        self._dataset_name = type(loader.dataset).__name__
        self._declared_samples = loader._declared_samples
        self._seen_samples = 0

    def _count(self, samples: int, declared_samples: int) -> None:
        self._seen_samples += samples
        if self._seen_samples <= declared_samples:
            return
        warnings.warn(
            f"Length of IterableDataset {self._dataset_name} was reported to be {declared_samples} "
            f"(when accessing len(dataloader)), but {self._seen_samples} samples have been fetched. Each "
            "worker iterates over its own copy of the dataset: take only this worker's share in __iter__ "
            "with get_worker_info(), or correct __len__.",
            stacklevel=3,
        )
        self._declared_samples = None  # Once per pass is enough.
