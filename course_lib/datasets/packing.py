"""Many short sequences in one long array (lessons 09 and 16).

    sequences   [7, 1, 4]   [5]   []   [8, 8]
    values       7  1  4     5          8  8        all values, end to end
    offsets     0         3     4    4        6     where each starts, and where the last one ends

Sequence i is `values[offsets[i] : offsets[i + 1]]`.
"""

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch


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
    values: torch.Tensor, starts: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any]
) -> torch.Tensor:
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


def as_array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    """Return an array on the same memory, to copy from and to: NumPy is faster than torch at small gathers.

    For types that NumPy lacks, such as bfloat16, it is one of integers of the same size, with the same bits.
    """
    try:
        return tensor.numpy()
    except TypeError:
        return tensor.view({1: torch.int8, 2: torch.int16}[tensor.element_size()]).numpy()


def tensor_on(buffer: "bytearray | array[int]", dtype: torch.dtype) -> torch.Tensor:
    """Make a tensor on the memory of a buffer, without a copy."""
    return torch.frombuffer(buffer, dtype=dtype) if len(buffer) else torch.empty(0, dtype=dtype)


def _join_lists(sequences: Sequence[Any]) -> torch.Tensor:
    flat = list(chain.from_iterable(sequences))
    if flat and type(flat[0]) is int:
        try:
            return tensor_on(array("q", flat), torch.int64)  # several times faster than torch.tensor(flat)
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


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
