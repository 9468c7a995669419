"""Build datasets out of datasets: one after the other, or side by side (lesson 03)."""

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, TypeVar

import torch
from torch.utils.data import IterableDataset as TorchIterableDataset

from course_lib.datasets.base import (
    Dataset,
    Indices,
    IterableDataset,
    check_map_style,
    dataset_length,
    fetch_samples,
    plain_index,
    samples_fetch,
)
from course_lib.datasets.position import Position, open_at, position_of, samples_before
from course_lib.errors import AssertionTypeError, AssertionValueError
from course_lib.worker_info import worker_id

SampleT = TypeVar("SampleT", covariant=True)


class ConcatDataset(Dataset[SampleT]):
    """Put datasets one after the other: the indices of the second begin where the first one ends (lesson 03).

    Only indices shift; the samples, labels included, stay what they are. Empty parts are skipped. Finding
    the part of an index takes O(log d) steps for d parts.

    Args:
        datasets: map-style datasets, at least one.

    Raises:
        ValueError: if there is no dataset; an AssertionError as well, as in torch.
        TypeError: if one of them is a stream or has no length; an AssertionError as well.

    Attributes:
        datasets: the parts.
        cumulative_sizes: for each part, the index at which the next one begins.
    """

    accepts_index_tensor = True

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionValueError(
                "ConcatDataset got no datasets: datasets should not be an empty iterable. There is nothing "
                "to put one after the other. Pass at least one dataset."
            )
        for part in self.datasets:
            if isinstance(part, TorchIterableDataset) or not hasattr(part, "__getitem__"):
                raise AssertionTypeError(
                    "ConcatDataset does not support IterableDataset or other objects without indices, but "
                    f"got {type(part).__name__}. It looks samples up by their index. Chain streams with "
                    "ChainDataset."
                )
        self.cumulative_sizes = list(accumulate(dataset_length(part) for part in self.datasets))

    def __getitem__(self, index: int) -> SampleT:
        part, position = self._locate(index)
        sample: SampleT = self.datasets[part][position]
        return sample

    def __getitems__(self, indices: Indices) -> Sequence[SampleT]:
        """Return the samples at `indices`; every part fetches its share of the batch at once."""
        located = [self._locate(index) for index in _as_list(indices)]
        if not any(samples_fetch(self.datasets[part]) for part in {part for part, _ in located}):
            # Nothing is gained by turns of the parts, and samples that draw random numbers would get others.
            return [self.datasets[part][position] for part, position in located]
        samples: list[Any] = [None] * len(located)
        for part in {part for part, _ in located}:
            places = [place for place, (its_part, _) in enumerate(located) if its_part == part]
            fetched = fetch_samples(self.datasets[part], [located[place][1] for place in places])
            if len(places) == len(located):
                return fetched
            for place, sample in zip(places, fetched):
                samples[place] = sample
        return samples

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def _locate(self, index: int) -> tuple[int, int]:
        position = plain_index(index, len(self))
        part = bisect.bisect_right(self.cumulative_sizes, position)
        return part, position - (self.cumulative_sizes[part - 1] if part else 0)


class ChainDataset(IterableDataset[SampleT]):
    """Read streams one after the other (lesson 03).

    Args:
        datasets: iterable-style datasets; each is opened when its turn comes.

    Raises:
        TypeError: on iteration and by `len()`, if one of them is no stream; an AssertionError as well, as
            in torch.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        self._places: dict[int | None, _Places] = {}  # by worker: threads share this object

    def __iter__(self) -> "ChainPass[SampleT]":
        """Begin a pass; after `load_state_dict`, go on where that one was."""
        latest = self._places.get(worker_id(), _Places())
        places = self._places[worker_id()] = latest if latest.is_loaded else latest.of_next_pass()
        places.is_loaded = False
        return ChainPass(self.datasets, places)

    def __len__(self) -> int:
        for stream in self.datasets:
            _check_stream(stream)
        return sum(dataset_length(stream) for stream in self.datasets)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next pass go on where another pass over the same streams was.

        Args:
            state: from `state_dict` of that pass.
        """
        positions = {int(number): Position(**one) for number, one in state["positions"].items()}
        self._places[worker_id()] = _Places(state["number"], positions, dict(positions), is_loaded=True)


@dataclass
class _Places:
    """How far the streams of a chain were read by one worker.

    Attributes:
        number: which stream is read.
        known: by number, how far a stream was read when another's turn came.
        untold: the same of another process's streams; those of this one are told when they are opened.
        is_loaded: no pass has begun since these places were loaded.
    """

    number: int = 0
    known: dict[int, Position] = field(default_factory=dict)
    untold: dict[int, Position] = field(default_factory=dict)
    is_loaded: bool = False

    def of_next_pass(self) -> "_Places":
        known, untold = (
            {number: place.once_past(has_ended=False) for number, place in places.items()}
            for places in (self.known, self.untold)
        )
        return _Places(0, known, untold)


class ChainPass(Iterator[SampleT]):
    """One pass over streams, one after the other: an iterator that knows how far it has come."""

    def __init__(self, streams: Sequence[Any], places: _Places) -> None:
        self._streams = streams
        self._places = places
        self._start: Position | None = None  # of the current stream
        self._samples = 0  # that it gave, or failed to give
        self._current: Iterator[SampleT] | None = None

    def __next__(self) -> SampleT:
        while self._places.number < len(self._streams):
            if self._current is None:
                self._current = self._open()
            try:
                sample = next(self._current)
                self._samples += 1
                return sample
            except StopIteration:
                self._leave()
            except Exception:
                self._samples += 1
                raise
        raise StopIteration

    def state_dict(self) -> dict[str, Any]:
        """Say in plain values how far this pass has come, for `ChainDataset.load_state_dict`.

        Raises:
            RuntimeError: one of the streams cannot tell its place.
        """
        positions = dict(self._places.known)
        if self._current is not None and (position := self._position(self._current)) is not None:
            positions[self._places.number] = position
        return {
            "number": self._places.number,
            "positions": {str(number): position.to_dict() for number, position in positions.items()},
        }

    def _open(self) -> Iterator[SampleT]:
        stream = self._streams[self._places.number]
        _check_stream(stream)
        self._start = self._places.untold.pop(self._places.number, None)
        self._samples = samples_before(self._start)
        return open_at(stream, self._start)

    def _leave(self) -> None:
        if self._current is not None and (position := self._position(self._current)) is not None:
            self._places.known[self._places.number] = position._replace(has_ended=True)
        self._places.number += 1
        self._current = None

    def _position(self, current: Iterator[SampleT]) -> Position | None:
        return position_of(self._streams[self._places.number], current, self._samples, self._start)


class StackDataset(Dataset[Any]):
    """Put datasets side by side: sample i holds the i-th sample of each (lesson 03).

    Args:
        *datasets: map-style datasets of equal length; the samples are tuples.
        **named_datasets: the same with names; the samples are dicts.

    Raises:
        ValueError: if there is no dataset, some have names and some have none, or their lengths differ.
        TypeError: if one of them cannot be indexed or has no length.

    Attributes:
        datasets: a tuple or a dict of the datasets.
    """

    accepts_index_tensor = True

    def __init__(self, *datasets: Any, **named_datasets: Any) -> None:
        if datasets and named_datasets:
            raise ValueError(
                "Supported either datasets without a name, for samples that are tuples, or datasets with "
                f"names, for dicts, but both types are given to StackDataset: {len(datasets)} without and "
                f"{len(named_datasets)} with a name. Name all of them or none."
            )
        if not datasets and not named_datasets:
            raise ValueError(
                "StackDataset got no datasets. At least one dataset should be passed. Pass them one by one: "
                "StackDataset(images, labels)."
            )
        self.datasets: tuple[Any, ...] | dict[str, Any] = datasets or named_datasets
        for dataset in self._parts():
            check_map_style(dataset, "StackDataset")
        lengths = [dataset_length(dataset) for dataset in self._parts()]
        if len(set(lengths)) != 1:
            raise ValueError(
                f"Size mismatch between datasets: their lengths are {lengths}. Sample i is made of the i-th "
                "sample of each. Cut the longer ones with Subset, or find the missing samples."
            )
        self._length = lengths[0]

    def __getitem__(self, index: Any) -> Any:
        return self._join(dataset[index] for dataset in self._parts())

    def __getitems__(self, indices: Indices) -> list[Any]:
        """Return the samples at `indices`; every dataset fetches its half of them at once."""
        return [self._join(row) for row in zip(*(fetch_samples(part, indices) for part in self._parts()))]

    def __len__(self) -> int:
        return self._length

    def _parts(self) -> Iterable[Any]:
        return self.datasets.values() if isinstance(self.datasets, dict) else self.datasets

    def _join(self, values: Iterable[Any]) -> Any:
        return dict(zip(self.datasets, values)) if isinstance(self.datasets, dict) else tuple(values)


def _as_list(indices: Indices) -> Sequence[int]:
    return indices.tolist() if isinstance(indices, torch.Tensor) else indices


def _check_stream(stream: Any) -> None:
    if not isinstance(stream, TorchIterableDataset):
        raise AssertionTypeError(
            f"ChainDataset only supports IterableDataset, but got {type(stream).__name__}. It reads streams "
            "one after the other. Join map-style datasets with ConcatDataset."
        )
