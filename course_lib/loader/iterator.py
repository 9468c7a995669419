"""What the iterators of a loader have in common (lesson 10)."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn

from course_lib.loader.fetch import iterate_indices
from course_lib.loader.pinning import should_pin
from course_lib.loader.progress import Progress, as_it_was, read_randomness
from course_lib.loader.times import BatchTimes
from course_lib.samplers.draws import new_seed

if TYPE_CHECKING:
    from course_lib.loader.dataloader import DataLoader


class LoaderIterator(ABC):
    """One pass over the data of a loader.

    It keeps what it needs of the loader, not the loader itself: so neither keeps the other alive.

    Attributes:
        observer: called with the times of each batch that is handed out; None calls nobody.
    """

    observer: Callable[[BatchTimes], None] | None = None
    _progress: Progress
    _latest: Sequence[Any]

    def __init__(self, loader: "DataLoader[Any]") -> None:
        self._index_sampler = loader._index_sampler
        self._pins = should_pin(loader.pin_memory, loader.pin_memory_device)
        self._begin_pass(loader, draw_seed=True)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        observer = self.observer
        if observer is None:
            batch = self._next_batch()
        else:
            asked = perf_counter()
            batch = self._next_batch()
            observer(BatchTimes(*(*self._latest, asked, perf_counter())))
        if self._declared_samples is not None:
            self._compare_with_declared(self._declared_samples)
        return batch

    def __len__(self) -> int:
        return len(self._index_sampler)  # type: ignore[arg-type]

    def __getstate__(self) -> NoReturn:
        raise NotImplementedError(
            f"{type(self).__name__} cannot be pickled: it is a pass that is going on. Pickle the loader "
            "instead, and its state_dict() for the place where the pass is."
        )

    @abstractmethod
    def _next_batch(self) -> Any:
        """Return the next batch; leave in `_latest` the first eight fields of its times.

        Raises:
            StopIteration: the pass is over.
        """

    def _finish(self) -> NoReturn:
        self._progress.is_finished = True
        raise StopIteration

    def _begin_pass(self, loader: "DataLoader[Any]", draw_seed: bool) -> None:
        """Begin a pass, or go on with the one whose state was loaded."""
        loaded = loader._loaded
        if loaded is None or loaded.is_finished:
            self._begin_new(loader, loaded, draw_seed)
        else:
            self._go_on(loader, loaded)
        loader._progress = self._progress
        self._dataset_name = type(loader.dataset).__name__
        self._declared_samples = loader._declared_samples

    def _begin_new(self, loader: "DataLoader[Any]", finished: Progress | None, draw_seed: bool) -> None:
        base_seed = 0 if draw_seed else self._progress.base_seed
        if finished is not None and loader.persistent_workers:  # They would have kept their seeds.
            draw_seed, base_seed = False, finished.base_seed
        self._progress = Progress(read_randomness(loader), base_seed, draw_seed)
        if (before := finished or loader._progress) is not None and loader._keeps_dataset:
            self._progress.follow(before)
        indices = self._draw(loader)
        # After iter(sampler), before its first index: the order in which torch draws from the generator.
        if draw_seed:
            self._progress.base_seed = new_seed(loader.generator)
        self._open_stream(loader)
        if finished is not None:
            indices = self._after(loader, indices, 0)
        self._orders: Iterator[tuple[int, Any]] = enumerate(indices)

    def _go_on(self, loader: "DataLoader[Any]", progress: Progress) -> None:
        self._progress = progress
        progress.untold = dict(progress.places)
        with as_it_was(loader, progress.randomness):
            indices = self._draw(loader)
            if progress.drew_seed:
                progress.base_seed = new_seed(loader.generator)
            indices = self._after(loader, indices, progress.handed)
            self._open_stream(loader)
        given_ahead = frozenset(progress.ahead)
        orders = enumerate(indices, progress.handed)
        self._orders = (order for order in orders if order[0] not in given_ahead)

    def _draw(self, loader: "DataLoader[Any]") -> Iterator[Any]:
        return iterate_indices(self._index_sampler, loader.dataset, loader.batch_sampler is not None)

    def _after(self, loader: "DataLoader[Any]", indices: Iterator[Any], handed: int) -> Iterator[Any]:
        """Return what comes after the batches that were handed out."""
        # The one after them is drawn at once: samplers draw their seed at the first index.
        skipped, first = sum(1 for _ in islice(indices, handed)), list(islice(indices, 1))
        if not skipped and not first:  # The sampler stood at the end of the pass before; it begins anew now.
            indices = self._draw(loader)
            skipped, first = sum(1 for _ in islice(indices, handed)), list(islice(indices, 1))
        if skipped < handed:
            raise ValueError(
                f"{handed} batches of this pass were handed out, but drawn again it has only {skipped}. Load "
                "the state where the samples are the same. A sampler's own state_dict(), if it has one, must "
                "say how the pass began, not how far it has come."
            )
        return chain(first, indices)

    def _open_stream(self, loader: "DataLoader[Any]") -> None:  # noqa: B027 - where workers read: nothing
        """Open what is read in this process."""

    def _compare_with_declared(self, declared_samples: int) -> None:
        if self._progress.samples <= declared_samples:
            return
        warnings.warn(
            f"Length of IterableDataset {self._dataset_name} was reported to be {declared_samples} "
            f"(when accessing len(dataloader)), but {self._progress.samples} samples have been fetched. "
            "Correct __len__; with workers, let each take only its share in __iter__: see get_worker_info().",
            stacklevel=3,
        )
        self._declared_samples = None  # Once per pass is enough.
