"""Sequences of different lengths in two arrays (lessons 09 and 16).

    sequences   [7, 1, 4]   [5]   []   [8, 8]
    values       7  1  4     5          8  8        all values, end to end
    offsets     0         3     4    4        6     where each sequence starts, and where the last one ends

A list of Python lists has millions of small objects, and every worker that reads one writes its reference
count, which copies the memory page it lies on. Two arrays have no such counts: all workers share them. And a
whole batch comes out by one gather.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
import torch

from course_lib.datasets.base import Dataset, Indices, plain_index


class PackedSequences(Dataset[Any]):
    """Hold sequences of numbers of different lengths in one tensor of values and one of offsets.

    Sample i is a tensor of shape (length_i, ...), or the pair of it and its label where there are labels. A
    batch is a `PackedSequences` again, of B sequences, which `pad_sequence_collate` pads without looking at
    them one by one.

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

    def __init__(self, sequences: Iterable[Any], labels: Any = None) -> None:
        self.values, self.offsets = pack(list(sequences))
        self.labels: torch.Tensor | None = None if labels is None else _labels_tensor(labels)
        if self.labels is not None and len(self.labels) != len(self):
            raise ValueError(
                f"PackedSequences got {len(self)} sequences and {len(self.labels)} labels. Every sequence "
                "has one label. Check that none is missing, or pass labels=None."
            )

    @classmethod
    def from_arrays(
        cls, values: torch.Tensor, offsets: torch.Tensor, labels: torch.Tensor | None = None
    ) -> "PackedSequences":
        """Take tensors that are packed already, without a copy; their shapes are those of the attributes."""
        packed = cls.__new__(cls)
        packed.values, packed.offsets, packed.labels = values, offsets, labels
        return packed

    @property
    def lengths(self) -> torch.Tensor:
        """The length of each sequence, an int64 tensor of shape (n,): what `BucketBatchSampler` asks for."""
        return self.offsets.diff()

    def __getitem__(self, index: int) -> Any:
        position = plain_index(index, len(self))
        start, stop = self.offsets[position : position + 2].tolist()
        # A copy: a view sent to another process would take all the values with it.
        sequence = self.values[start:stop].clone()
        return sequence if self.labels is None else (sequence, self.labels[position])

    def __getitems__(self, indices: Indices) -> "PackedSequences":
        """Return the sequences at `indices`, gathered into a packed batch."""
        positions = _positions(indices, len(self))
        values, offsets = gather_ranges(self.values, self.offsets, positions)
        labels = None if self.labels is None else self.labels.index_select(0, torch.from_numpy(positions))
        return self.from_arrays(values, offsets, labels)

    def __len__(self) -> int:
        return len(self.offsets) - 1


class PackedStrings(Dataset[str]):
    """Hold strings as one array of UTF-8 bytes and one of offsets; read them as `str`.

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
        self.values = _as_tensor(content, torch.uint8)
        self.offsets = _as_tensor(stops, torch.int64)

    def __getitem__(self, index: int) -> str:
        position = plain_index(index, len(self))
        start, stop = self.offsets[position : position + 2].tolist()
        return _decode(self.values[start:stop].numpy().tobytes())

    def __getitems__(self, indices: Indices) -> list[str]:
        """Return the strings at `indices`."""
        values, offsets = gather_ranges(self.values, self.offsets, _positions(indices, len(self)))
        content, stops = values.numpy().tobytes(), offsets.tolist()
        return [_decode(content[start:stop]) for start, stop in pairwise(stops)]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def pack(sequences: Sequence[Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Lay sequences end to end.

    Args:
        sequences: n lists, arrays or tensors of shape (length_i, ...).

    Returns:
        Their values, of shape (total length, ...), and their offsets, an int64 tensor of shape (n + 1,).

    Raises:
        TypeError: if something is no sequence of numbers.
        ValueError: if shapes do not agree.
    """
    try:
        all_lists = all(isinstance(sequence, list | tuple) for sequence in sequences)
        values = _join_lists(sequences) if all_lists else _join_arrays(sequences)
        lengths = array("q", [0, *map(len, sequences)])
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise _blame(sequences, error) from error
    return values, torch.from_numpy(np.cumsum(lengths, dtype=np.int64))


def gather_ranges(
    values: torch.Tensor, offsets: torch.Tensor, positions: np.ndarray[Any, Any]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Copy B of n packed sequences into a smaller pack.

    Args:
        values, offsets: as `pack` returns them.
        positions: which sequences, int64 of shape (B,), from 0 to n - 1.
    """
    starts_and_stops = offsets.numpy()
    starts = starts_and_stops[positions]
    lengths = starts_and_stops[positions + 1] - starts
    stops = np.zeros(len(positions) + 1, np.int64)
    np.cumsum(lengths, out=stops[1:])
    # Value j of the new pack lies as far behind the start of its sequence as it did in the old one.
    places = np.arange(stops[-1]) + np.repeat(starts - stops[:-1], lengths)
    chosen = torch.from_numpy(as_array(values).take(places, axis=0)).view(values.dtype)
    return chosen, torch.from_numpy(stops)


def as_array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    """Return an array on the same memory, to copy from and to: NumPy is faster than torch at small gathers.

    For types that NumPy lacks, such as bfloat16, it is one of integers of the same size, with the same bits.
    """
    try:
        return tensor.numpy()
    except TypeError:
        return tensor.view({1: torch.int8, 2: torch.int16}[tensor.element_size()]).numpy()


def _join_lists(sequences: Sequence[Any]) -> torch.Tensor:
    flat = list(chain.from_iterable(sequences))
    if flat and type(flat[0]) is int:
        try:
            return _as_tensor(array("q", flat), torch.int64)  # several times faster than torch.tensor(flat)
        except TypeError:
            pass  # there are floats, too
    values = torch.from_numpy(np.array(flat))
    is_python_float = values.is_floating_point() and not hasattr(flat[0] if flat else None, "dtype")
    return values.to(torch.get_default_dtype()) if is_python_float else values


def _join_arrays(sequences: Sequence[Any]) -> torch.Tensor:
    tensors = [torch.as_tensor(sequence) for sequence in sequences]
    # An empty list has no type and no shape of its own to agree with.
    return torch.cat([tensor for tensor in tensors if tensor.shape != (0,)] or tensors[:1])


def _blame(sequences: Sequence[Any], error: Exception) -> Exception:
    """Find the sequence that does not fit, and say so."""
    first_shape = None
    for position, sequence in enumerate(sequences):
        try:
            shape = torch.as_tensor(sequence).shape
        except (TypeError, ValueError, RuntimeError):
            shape = torch.Size()
        if len(shape) == 0:
            return TypeError(
                f"Sequence {position} is {_shortened(sequence)}, which is no sequence of numbers. A sequence "
                "is a list, an array or a tensor, of shape (length, ...). Turn words and characters into "
                "numbers first."
            )
        if len(sequence) and first_shape is None:
            first, first_shape = position, shape
        if len(sequence) and first_shape is not None and shape[1:] != first_shape[1:]:
            return ValueError(
                f"Sequence {position} has shape {tuple(shape)}, sequence {first} has {tuple(first_shape)}. "
                "Only the first size, the length, may differ. Make the others agree in a transform."
            )
    return TypeError(f"The sequences do not fit together: {error}. Convert them to one type.")


def _labels_tensor(labels: Any) -> torch.Tensor:
    try:
        return torch.as_tensor(labels if hasattr(labels, "shape") else list(labels))
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"labels came as a {type(labels).__name__} that does not turn into numbers ({error}). Labels are "
            "kept in one tensor. Pass class numbers instead of names."
        ) from error


def _positions(indices: Indices, length: int) -> np.ndarray[Any, Any]:
    positions = np.asarray(indices, dtype=np.int64)
    # Read without a sign, a negative number is larger than any length: one comparison finds both mistakes.
    if positions.view(np.uint64).max(initial=0) < length:
        return positions
    return np.array([plain_index(index, length) for index in positions.tolist()], np.int64)


def _as_tensor(buffer: "bytearray | array[int]", dtype: torch.dtype) -> torch.Tensor:
    return torch.frombuffer(buffer, dtype=dtype) if len(buffer) else torch.empty(0, dtype=dtype)


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
