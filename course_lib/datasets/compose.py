"""Build datasets out of datasets: one after the other, or side by side (lesson 03)."""

import bisect
from collections.abc import Iterable, Iterator, Sequence
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
from course_lib.datasets.position import Position, open_at, state_of
from course_lib.errors import AssertionTypeError, AssertionValueError

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

    def __iter__(self) -> "ChainPass[SampleT]":
        return ChainPass(self.datasets)

    def __len__(self) -> int:
        for stream in self.datasets:
            _check_stream(stream)
        return sum(dataset_length(stream) for stream in self.datasets)


class ChainPass(Iterator[SampleT]):
    """One pass over streams, one after the other: an iterator that knows how far it has come.

    Args:
        streams: iterable-style datasets.
    """

    def __init__(self, streams: Sequence[Any]) -> None:
        self._streams = streams
        self._left: list[Position] = []  # how far each stream was read that came before the current one
        self._samples = 0  # that the current one gave, or failed to give
        self._current: Iterator[SampleT] | None = None

    def __next__(self) -> SampleT:
        while len(self._left) < len(self._streams):
            if self._current is None:
                _check_stream(self._streams[len(self._left)])
                self._current = iter(self._streams[len(self._left)])
            try:
                sample = next(self._current)
                self._samples += 1
                return sample
            except StopIteration:
                self._left.append(self._position(self._current))
                self._current, self._samples = None, 0
            except Exception:
                self._samples += 1
                raise
        raise StopIteration

    def state_dict(self) -> dict[str, Any]:
        """Say in plain values how far this pass has come, for `load_state_dict`."""
        current = [] if self._current is None else [self._position(self._current)]
        return {"left": len(self._left), "positions": [list(one) for one in [*self._left, *current]]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another pass over the same streams was.

        Args:
            state: from its `state_dict`.
        """
        positions = [Position(*one) for one in state["positions"]]
        self._left = positions[: state["left"]]
        for stream, position in zip(self._streams, self._left):
            if position.state is not None:
                open_at(stream, position)  # It has ended, and knows then how many passes there were.
        if len(positions) > len(self._left):
            self._current = open_at(self._streams[len(self._left)], positions[-1])
            self._samples = positions[-1].samples

    def _position(self, current: Iterator[SampleT]) -> Position:
        return Position(self._samples, state_of(self._streams[len(self._left)], current))


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
                f"StackDataset got {len(datasets)} datasets without and {len(named_datasets)} with a name, "
                "but both types are given only apart. A sample is either a tuple or a dict. Name all of "
                "them or none."
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
