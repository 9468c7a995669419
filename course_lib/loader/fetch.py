"""Fetching: from the indices of one batch to the batch (lesson 10).

The same two classes work in the main process and in every worker process, so that both give the same batches.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from course_lib.samplers.batching import BatchSampler

_END = object()


# One batch, and how many samples a stream gave for it; 0 from a map-style dataset, where nobody counts.
Fetched = tuple[Any, int]


class Fetcher(Protocol):
    """Makes one batch at a time."""

    def fetch(self, indices: Any) -> Fetched | None:
        """Return the batch for `indices`, or None when a stream has ended."""


class MapFetcher:
    """Fetch from a map-style dataset: by `dataset[index]`, or a batch at once by `dataset.__getitems__`."""

    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any]) -> None:
        self._dataset = dataset
        self._collate_fn = collate_fn
        self._load = self._load_batch if batched else self._load_sample

    def fetch(self, indices: Any) -> Fetched:
        """Read the samples at `indices` and collate them.

        Args:
            indices: the indices of a batch; one index where the loader does not batch (`batch_size=None`).
        """
        try:
            return self._collate_fn(self._load(indices)), 0
        except StopIteration as error:
            raise RuntimeError(_stray_stop(self._dataset, indices)) from error

    def _load_batch(self, indices: Any) -> Any:
        # Read when it is needed: wrappers may gain or lose the method with what they wrap.
        load_at_once = getattr(self._dataset, "__getitems__", None)
        return load_at_once(indices) if load_at_once else [self._load_sample(index) for index in indices]

    def _load_sample(self, index: Any) -> Any:
        try:
            return self._dataset[index]
        except Exception as error:
            error.add_note(f"This happened while sample {index!r} of the dataset was loaded.")
            raise


class StreamFetcher:
    """Fetch from an iterable dataset: take the next samples of its stream."""

    def __init__(
        self, dataset: Iterable[Any], batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool
    ) -> None:
        self._stream = iter(dataset)
        self._batched = batched
        self._collate_fn = collate_fn
        self._drop_last = drop_last
        self._ended = False

    def fetch(self, indices: Any) -> Fetched | None:
        """Take as many samples as there are `indices`, whose values mean nothing to a stream, and collate."""
        return self._fetch_batch(len(indices)) if self._batched else self._fetch_sample()

    def _fetch_batch(self, size: int) -> Fetched | None:
        # A stream that has ended must not be asked again: some iterators start over or fail.
        samples = [] if self._ended else list(islice(self._stream, size))
        self._ended = len(samples) < size
        if not samples or (self._ended and self._drop_last):
            return None
        return self._collate(samples), len(samples)

    def _fetch_sample(self) -> Fetched | None:
        sample = _END if self._ended else next(self._stream, _END)
        self._ended = sample is _END
        return None if self._ended else (self._collate(sample), 1)

    def _collate(self, samples: Any) -> Any:
        try:
            return self._collate_fn(samples)
        except StopIteration as error:
            raise RuntimeError(
                "collate_fn raised StopIteration, which would end the epoch unseen."
            ) from error


class EmptyStream:
    """What is left of a stream that could not be opened: nothing."""

    def fetch(self, indices: Any) -> None:
        """Say that the stream has ended."""


def make_fetcher(
    dataset: Any, *, streaming: bool, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool
) -> Fetcher:
    """Choose the fetcher for a dataset.

    Args:
        dataset: a map-style dataset, or an iterable one if `streaming`.
        streaming: take samples from `iter(dataset)` instead of `dataset[index]`.
        batched: collate several samples; otherwise samples pass through one by one.
        collate_fn: turns a list of samples (or one sample, if not `batched`) into what the loader yields.
        drop_last: throw away the last batch of a stream if it is short.
    """
    if streaming:
        return StreamFetcher(dataset, batched, collate_fn, drop_last)
    return MapFetcher(dataset, batched, collate_fn)


def iterate_indices(index_sampler: Iterable[Any], dataset: Any) -> Iterator[Any]:
    """Begin a pass over the indices of batches: as int64 tensors where sampler and dataset know them.

    Args:
        index_sampler: a batch sampler, or a sampler where the loader does not batch.
        dataset: what the indices are for.
    """
    takes_tensors = getattr(type(dataset), "accepts_index_tensor", False) and hasattr(dataset, "__getitems__")
    if takes_tensors and isinstance(index_sampler, BatchSampler):
        # A subclass may have changed what iterating gives; then its own order counts.
        unchanged = type(index_sampler).__iter__ is BatchSampler.__iter__
        tensors = index_sampler.tensors() if unchanged else None
        if tensors is not None:
            return tensors
    return iter(index_sampler)


def _stray_stop(dataset: Any, indices: Any) -> str:
    return (
        f"{type(dataset).__name__} or collate_fn raised StopIteration for the indices {indices!r}. In a "
        "for-loop StopIteration means that the epoch is over, so all later samples would be lost unseen. "
        "Raise another exception for a sample that cannot be read, or return fewer samples from "
        "__getitems__."
    )
