"""Many short sequences in one long array (lessons 09 and 16).

    sequences   [7, 1, 4]   [5]   []   [8, 8]
    values       7  1  4     5          8  8        all values, end to end
    offsets     0         3     4    4        6     where each starts, and where the last one ends

Sequence i is `values[offsets[i] : offsets[i + 1]]`.
"""

import struct
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from course_lib.arrays import tensor_of

_Array = np.ndarray[Any, Any]


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
    except OverflowError as error:
        raise TypeError(
            f"The sequences hold an int of more than 64 bits, {error}. As a float it would lose digits. "
            "Number the words anew, or pass floats if digits do not matter."
        ) from error
    except (TypeError, ValueError, RuntimeError) as error:
        raise _blame(sequences, error) from error
    return values, torch.from_numpy(np.cumsum(lengths, dtype=np.int64))


def gather_ranges(values: torch.Tensor, starts: _Array, lengths: _Array) -> torch.Tensor:
    """Copy ranges of packed values into one tensor, end to end.

    Args:
        values: as `pack` returns them.
        starts, lengths: where each of B ranges starts, and how long it is; int64 of shape (B,).
    """
    stops = lengths.cumsum()
    total = int(stops[-1]) if len(stops) else 0
    # A value lies as far behind the start of its range as it will lie behind the start of the copied range.
    places = np.arange(total) + np.repeat(starts - (stops - lengths), lengths)
    return torch.from_numpy(as_array(values).take(places, axis=0)).view(values.dtype)


def gather_windows(values: _Array, starts: _Array, width: int) -> _Array:
    """Copy equally long pieces of an array into the rows of a new one, whatever lies in them.

        values   7 1 4 5 8 8        the windows of width 3 overlap: 7 1 4, 1 4 5, 4 5 8, 5 8 8
        starts   0, 3               give the rows 7 1 4 and 5 8 8

    Copying rows is much faster than looking up every value. A piece that runs into the next sequence, or past
    the last one, holds what is not wanted behind its sequence's end: whoever pads writes over it.

    Args:
        values: an array of shape (total length, ...), in one piece of memory.
        starts: where each of B pieces starts; int64 of shape (B,).
        width: their length, at most the total length.

    Returns:
        An array of shape (B, width, ...).
    """
    last = len(values) - width
    windows = overlapping_windows(values, width)
    try:
        return windows[starts]
    except IndexError:  # some pieces run past the end
        rows = windows[np.minimum(starts, last)]
    for row in np.flatnonzero(starts > last):
        rest = values[starts[row] :]
        rows[row, : len(rest)] = rest
    return rows


def overlapping_windows(values: _Array, width: int) -> _Array:
    """Look at an array of shape (n, ...) as (n - width + 1, width, ...): all its windows, nothing copied."""
    step, shape = values.strides[0], (len(values) - width + 1, width, *values.shape[1:])
    # NumPy's own sliding_window_view does the same, and takes twenty times as long to set up.
    return np.ndarray(shape, values.dtype, values, strides=(step, *values.strides))


def as_array(tensor: torch.Tensor) -> _Array:
    """Return an array on the same memory, to copy from and to: NumPy is faster than torch at small gathers.

    For types that NumPy lacks, such as bfloat16, it is one of integers of the same size, with the same bits.
    """
    try:
        return tensor.numpy()
    except TypeError:
        return tensor.view({1: torch.int8, 2: torch.int16}[tensor.element_size()]).numpy()


def tensor_on(buffer: "bytearray | array[int]", dtype: torch.dtype) -> torch.Tensor:
    """Make a tensor on the memory of a buffer, without a copy."""
    return torch.frombuffer(buffer, dtype=dtype) if len(buffer) else torch.empty(0, dtype=dtype, device="cpu")


def _join_lists(sequences: Sequence[Any]) -> torch.Tensor:
    flat: list[Any] = []
    for sequence in sequences:
        flat += sequence
    if flat and type(flat[0]) is int:
        content = bytearray(8 * len(flat))
        try:
            # The fastest way from Python's ints to bytes: ten times as fast as torch.tensor(flat).
            struct.pack_into(f"={len(flat)}q", content, 0, *flat)
            return torch.frombuffer(content, dtype=torch.int64)
        except struct.error:
            pass  # there are floats, too, or numbers too large
    values = torch.from_numpy(np.array(flat))
    if flat and values.is_floating_point() and all(type(value) is int for value in flat):
        raise OverflowError(str(max(flat, key=abs)))
    is_python_float = values.is_floating_point() and not hasattr(flat[0] if flat else None, "dtype")
    return values.to(torch.get_default_dtype()) if is_python_float else values


def _join_arrays(sequences: Sequence[Any]) -> torch.Tensor:
    tensors = [tensor_of(sequence) for sequence in sequences]
    # An empty list has no type and no shape of its own to agree with.
    joined = torch.cat([tensor for tensor in tensors if tensor.shape != (0,)] or tensors[:1])
    return joined.contiguous()  # pictures may come with their channels last


def _blame(sequences: Sequence[Any], error: Exception) -> Exception:
    """Find the sequence that does not fit, and say so."""
    first_shape = None
    for position, sequence in enumerate(sequences):
        try:
            shape = tensor_of(sequence).shape
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


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
