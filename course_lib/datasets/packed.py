"""Sequences of different lengths in two arrays (lessons 09 and 16).

A list of Python lists has millions of small objects, and every worker that reads one writes its reference
count, which copies the memory page it lies on. One array of values and one of offsets have no such counts:
all workers share them. And a whole batch comes out by one gather.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from course_lib.arrays import tensor_of
from course_lib.datasets.base import Dataset, Indices, as_index_tensor, plain_index
from course_lib.datasets.memory import gather_rows
from course_lib.datasets.packing import gather_ranges, overlapping_windows, pack, tensor_on

_Array = np.ndarray[Any, Any]


class PackedSequences(Dataset[Any]):
    """Hold sequences of numbers of different lengths in one tensor of values and one of offsets (lesson 09).

    Sample i is a tensor of shape (length_i, ...), or the pair of it and its label where there are labels. A
    batch is a `PackedBatch`, which `pad_sequence_collate` pads without looking at its sequences one by one.

    Args:
        sequences: lists, arrays or tensors of shape (length_i, ...) that agree in all but the first size. An
            iterable will do, but all values must fit into memory.
        labels: one number for each sequence, in a list, an array or a tensor of shape (n, ...); None for
            samples without labels.

    Raises:
        TypeError: if something is no sequence of numbers; the message says which.
        ValueError: if shapes do not agree, or the numbers of labels and sequences differ.

    Attributes:
        values: all values, a tensor of shape (total length, ...).
        offsets: where each sequence starts in `values`, an int64 tensor of shape (n + 1,).
        labels: a tensor of shape (n, ...) or None.
    """

    accepts_index_tensor = True
    _seen: tuple[tuple[int, int], _Array] | None = None

    def __init__(self, sequences: Iterable[Any], labels: Any = None) -> None:
        self.values, self.offsets = pack(_kept(sequences))
        self.labels: torch.Tensor | None = None if labels is None else _labels_tensor(labels)
        if self.labels is not None and len(self.labels) != len(self):
            raise ValueError(
                f"PackedSequences got {len(self)} sequences and {len(self.labels)} labels. Every sequence "
                "has one label. Check that none is missing, or pass labels=None."
            )

    @property
    def lengths(self) -> torch.Tensor:
        """The length of each sequence, an int64 tensor of shape (n,): what `BucketBatchSampler` asks for."""
        return self.offsets.diff()

    def _neighbours(self) -> _Array:
        """Look at the offsets as `_starts_and_stops` does, anew where they lie elsewhere than before.

        Sharing a tensor moves it, in place, and frees the memory that a view still reads.
        """
        place = self.offsets.data_ptr(), len(self.offsets)
        if self._seen is None or self._seen[0] != place:
            self._seen = place, _starts_and_stops(self.offsets)
        return self._seen[1]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_seen"}

    def __getitem__(self, index: int) -> Any:
        position = plain_index(index, len(self))
        start, stop = self.offsets[position : position + 2].tolist()
        # Copies: the consumer may write into them, and a view sent elsewhere would take all values with it.
        sequence = self.values[start:stop].clone()
        return sequence if self.labels is None else (sequence, self.labels[position].clone())

    def __getitems__(self, indices: Indices) -> "PackedBatch":
        """Return the sequences at `indices`."""
        rows = as_index_tensor(indices)
        labels = None if self.labels is None else gather_rows([self.labels], rows)[0]
        return PackedBatch(self.values, *_ranges(self._neighbours(), rows), labels)

    def __len__(self) -> int:
        return len(self.offsets) - 1


class PackedBatch(Sequence[Any]):
    """Some of the sequences of a pack: a note of where they are, to be read as a list of samples.

    Their values are copied only when they are padded, or when the batch is sent to another process.

    Args:
        values: the values of the whole pack, a tensor of shape (total length, ...).
        starts, lengths: where each of the B sequences starts, and how long it is; int64 of shape (B,).
        labels: a tensor of shape (B, ...) or None.
    """

    def __init__(
        self,
        values: torch.Tensor,
        starts: _Array,
        lengths: _Array,
        labels: torch.Tensor | None = None,
    ) -> None:
        self.values = values
        self.starts = starts
        self.lengths = lengths
        self.labels = labels

    def joined(self) -> torch.Tensor:
        """Return the values of these sequences only, end to end: a new tensor of shape (total, ...)."""
        return gather_ranges(self.values, self.starts, self.lengths)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, position: Any) -> Any:
        if isinstance(position, slice):
            return list(self)[position]
        start = int(self.starts[position])
        sequence = self.values[start : start + int(self.lengths[position])].clone()
        return sequence if self.labels is None else (sequence, self.labels[position])

    def __reduce__(self) -> tuple[Any, ...]:
        starts = self.lengths.cumsum() - self.lengths
        return PackedBatch, (self.joined(), starts, self.lengths, self.labels)

    def __repr__(self) -> str:
        return f"PackedBatch({len(self)} sequences)"


class PackedStrings(Dataset[str]):
    """Hold strings as one array of UTF-8 bytes and one of offsets; read them as `str` (lesson 09).

    Args:
        strings: any iterable of strings, read once.

    Raises:
        TypeError: if there is anything but strings among them, or `strings` is itself one string.

    Attributes:
        values: all bytes, a uint8 tensor of shape (total bytes,).
        offsets: where each string starts in `values`, an int64 tensor of shape (n + 1,).
    """

    accepts_index_tensor = True

    def __init__(self, strings: Iterable[str]) -> None:
        if isinstance(strings, str | bytes):
            raise TypeError(
                f"PackedStrings got one {type(strings).__name__}. It holds many strings, each a sample. Pass "
                "a list of them; for the lines of a text that is text.splitlines()."
            )
        content, stops = bytearray(), array("q", [0])
        for position, string in enumerate(strings):
            if not isinstance(string, str):
                raise TypeError(
                    f"PackedStrings got {string!r} at position {position}. It holds strings. Pass str(value) "
                    "for numbers, and decode bytes first."
                )
            content += string.encode("utf-8", "surrogatepass")  # broken file names hold lone surrogates
            stops.append(len(content))
        self.values = tensor_on(content, torch.uint8)
        self.offsets = tensor_on(stops, torch.int64)

    def __getitem__(self, index: int) -> str:
        position = plain_index(index, len(self))
        start, stop = self.offsets[position : position + 2].tolist()
        return _decode(self.values[start:stop].numpy().tobytes())

    def __getitems__(self, indices: Indices) -> list[str]:
        """Return the strings at `indices`."""
        starts, lengths = _ranges(_starts_and_stops(self.offsets), as_index_tensor(indices))
        content = gather_ranges(self.values, starts, lengths).numpy().tobytes()
        return [_decode(content[start:stop]) for start, stop in pairwise([0, *lengths.cumsum().tolist()])]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def _kept(sequences: Iterable[Any]) -> Sequence[Any]:
    """Return all sequences at once. A generator may fill the same array again and again: those are copied."""
    if not isinstance(sequences, Iterator):
        return list(sequences)
    return [_copy_of(one) for one in sequences]


def _copy_of(sequence: Any) -> Any:
    if isinstance(sequence, torch.Tensor):
        return sequence.clone()
    return sequence.copy() if isinstance(sequence, np.ndarray | list) else sequence


def _labels_tensor(labels: Any) -> torch.Tensor:
    try:
        return tensor_of(labels if hasattr(labels, "shape") else list(labels))
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"labels came as a {type(labels).__name__} that does not turn into numbers ({error}). Labels are "
            "kept in one tensor. Pass class numbers instead of names."
        ) from error


def _starts_and_stops(offsets: torch.Tensor) -> _Array:
    """Look at the offsets as pairs of neighbours, of shape (n, 2)."""
    return overlapping_windows(offsets.numpy(), 2)


def _ranges(starts_and_stops: _Array, indices: torch.Tensor) -> tuple[_Array, _Array]:
    """Return where the sequences at some indices start, and how long they are."""
    try:
        chosen = starts_and_stops[indices.numpy()]
    except IndexError:
        for index in indices.tolist():
            plain_index(index, len(starts_and_stops))  # says which one it is, and what is allowed
        raise
    starts = chosen[:, 0]
    return starts, chosen[:, 1] - starts


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")
