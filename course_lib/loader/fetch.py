"""Fetching: from the indices of one batch to the batch (lesson 10).

The same two classes work in the main process and in every worker process, so that both give the same batches.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import torch

from course_lib.collate import default_collate
from course_lib.datasets.base import as_index_tensor, batch_fetch, samples_fetch
from course_lib.datasets.columns import ColumnBatch
from course_lib.datasets.position import Position, TrackedStream
from course_lib.inheritance import was_replaced

Fetched = tuple[Any, int]  # a batch, and how many samples a stream gave for it: 0 from a map-style dataset
Stages = list[float]  # when the work began, the samples were read, and they were collated


class Fetcher(Protocol):
    """Makes one batch at a time."""

    def fetch(self, indices: Any, stages: Stages | None = None) -> Fetched | None:
        """Return the batch for `indices`, or None when a stream has ended.

        Args:
            indices: the indices of a batch; one index where the loader does not batch (`batch_size=None`).
            stages: the times of the stages are added here; None where nobody wants to know them.
        """

    def position(self) -> Position | None:
        """Return how far the stream was read; None where there is no stream."""


class MapFetcher:
    """Fetch from a map-style dataset.

    A batch comes from `dataset.__getbatch__` if it is collated by default; else its samples come from
    `dataset.__getitems__`, all at once, or one by one from `dataset[index]`.
    """

    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any]) -> None:
        self._dataset = dataset
        self._collate_fn = collate_fn
        self._batched = batched
        self._fetch_batch = batch_fetch(dataset) if batched and collate_fn is default_collate else None

    def fetch(self, indices: Any, stages: Stages | None = None) -> Fetched:
        """Read the samples at `indices` and collate them."""
        try:
            if stages is not None:
                stages.append(perf_counter())
            batch = self._load_batch(indices)
            samples = self._load(indices) if batch is None else None
            if stages is not None:
                stages.append(perf_counter())
            batch = _collate(self._collate_fn, samples) if batch is None else batch
        except StopIteration as error:
            raise RuntimeError(_stray_stop(self._dataset, indices)) from error
        if stages is not None:
            stages.append(perf_counter())
        return batch, 0

    def position(self) -> None:
        """Say nothing: a map-style dataset is read at indices, and has no position."""

    def _load_batch(self, indices: Any) -> Any:
        if self._fetch_batch is None:
            return None
        rows = indices if isinstance(indices, torch.Tensor) else as_index_tensor(indices)
        return self._fetch_batch(rows) if rows.numel() > 0 else None

    def _load(self, indices: Any) -> Any:
        if not self._batched:
            return self._load_sample(indices)
        # Looked up when it is needed: wrappers may gain or lose the method with what they wrap.
        load_at_once = samples_fetch(self._dataset)
        return load_at_once(indices) if load_at_once else [self._load_sample(index) for index in indices]

    def _load_sample(self, index: Any) -> Any:
        try:
            return self._dataset[index]
        except Exception as error:
            error.add_note(f"This happened while sample {index!r} of the dataset was loaded.")
            raise


class StreamFetcher:
    """Fetch from an iterable dataset: take the next samples of its stream.

    Args:
        dataset: gives the stream.
        batched: collate several samples at a time.
        collate_fn: makes a batch of samples.
        drop_last: throw away a short last batch.
        start: the position to go on from; None for the beginning.
    """

    def __init__(
        self,
        dataset: Iterable[Any],
        batched: bool,
        collate_fn: Callable[[Any], Any],
        drop_last: bool,
        start: Position | None,
    ) -> None:
        self._stream = TrackedStream(dataset, start)
        self._batched = batched
        self._collate_fn = collate_fn
        self._drop_last = drop_last

    def fetch(self, indices: Any, stages: Stages | None = None) -> Fetched | None:
        """Take as many samples as there are `indices`, whose values mean nothing to a stream, and collate."""
        begun = perf_counter()
        samples = self._stream.take(len(indices) if self._batched else 1)
        if not samples or (self._stream.has_ended and self._drop_last and self._batched):
            return None
        loaded = perf_counter()
        batch = _collate(self._collate_fn, samples if self._batched else samples[0])
        if stages is not None:
            stages += begun, loaded, perf_counter()
        return batch, len(samples)

    def position(self) -> Position | None:
        """Say how far the stream has been read."""
        return self._stream.position()


class EmptyStream(NamedTuple):
    """What is left of a stream that could not be opened at `start`: nothing."""

    start: Position | None = None

    def fetch(self, indices: Any, stages: Stages | None = None) -> None:
        """Say that the stream has ended."""

    def position(self) -> Position | None:
        """Say where it would have been opened."""
        return self.start


def make_fetcher(
    dataset: Any,
    *,
    streaming: bool,
    batched: bool,
    collate_fn: Callable[[Any], Any],
    drop_last: bool,
    start: Position | None = None,
) -> Fetcher:
    """Choose the fetcher for a dataset.

    Args:
        dataset: a map-style dataset, or an iterable one if `streaming`.
        streaming: take samples from `iter(dataset)` instead of `dataset[index]`.
        batched: collate several samples; otherwise samples pass through one by one.
        collate_fn: turns a list of samples (or one sample, if not `batched`) into what the loader yields.
        drop_last: throw away the last batch of a stream if it is short.
        start: where the stream goes on; None begins it.
    """
    if streaming:
        return StreamFetcher(dataset, batched, collate_fn, drop_last, start)
    return MapFetcher(dataset, batched, collate_fn)


def iterate_indices(index_sampler: Iterable[Any], dataset: Any, batched: bool) -> Iterator[Any]:
    """Begin a pass over the indices of batches: as int64 tensors where sampler and dataset know them.

    Args:
        index_sampler: a batch sampler, or a sampler where the loader does not batch.
        dataset: what the indices are for.
        batched: they are for `__getitems__`.
    """
    if batched and getattr(type(dataset), "accepts_index_tensor", False) and hasattr(dataset, "__getitems__"):
        # A subclass may have changed what iterating gives; then its own order counts.
        owner = next((kind for kind in type(index_sampler).__mro__ if "__iter__" in vars(kind)), object)
        if "tensors" in vars(owner) and not was_replaced(type(index_sampler), "__iter__"):
            tensors: Iterator[Any] | None = index_sampler.tensors()  # type: ignore[attr-defined]
            if tensors is not None:
                return tensors
    return map(next, repeat(iter(index_sampler)))  # Whatever is iterated over again may begin anew.


def _collate(collate_fn: Callable[[Any], Any], samples: Any) -> Any:
    if isinstance(samples, ColumnBatch) and collate_fn is not default_collate:
        samples = list(samples)  # Whoever wrote it expects a list, to sort it perhaps.
    try:
        return collate_fn(samples)
    except StopIteration as error:
        raise RuntimeError("collate_fn raised StopIteration, which would end the epoch unseen.") from error


def _stray_stop(dataset: Any, indices: Any) -> str:
    return (
        f"{type(dataset).__name__} raised StopIteration for the indices {indices!r}. In a "
        "for-loop StopIteration means that the epoch is over, so all later samples would be lost unseen. "
        "Raise another exception for a sample that cannot be read, or return fewer samples from "
        "__getitems__."
    )
