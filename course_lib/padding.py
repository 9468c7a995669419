"""Pad sequences of different lengths into one batch (lesson 09)."""

from collections.abc import Sequence
from functools import cache, lru_cache
from math import isfinite
from typing import Any

import numpy as np
import torch

from course_lib.collate import default_collate
from course_lib.datasets.packed import PackedBatch
from course_lib.datasets.packing import as_array, gather_windows, overlapping_windows, pack
from course_lib.errors import EmptyBatchError

_Array = np.ndarray[Any, Any]


def pad_sequence_collate(batch: Sequence[Any], padding_value: float = 0) -> dict[str, Any]:
    """Put sequences of different lengths into one tensor, padded at their end (lesson 09).

    A batch from `PackedSequences` is padded as it is. For another padding value pass
    `functools.partial(pad_sequence_collate, padding_value=-100)` to a loader: a lambda cannot be pickled.

    Args:
        batch: B samples, all of them sequences or all of them pairs `(sequence, label)`. A sequence is a
            list, an array or a tensor of shape (length, ...); all but its length agrees within a batch.
        padding_value: what stands behind the end of a sequence.

    Returns:
        A dictionary of
        sequences: a tensor of shape (B, longest length, ...);
        attention_masks: a bool tensor of shape (B, longest length), True where a sequence has a value;
        lengths: an int64 tensor of shape (B,);
        labels: the collated labels, only if the samples have them.

    Raises:
        TypeError: if a sample is no sequence of numbers.
        ValueError: if the batch is empty, shapes do not agree, only some samples have labels, or
            `padding_value` cannot be held by the type of the sequences.
    """
    if len(batch) == 0:
        raise EmptyBatchError(
            "pad_sequence_collate got an empty batch. A batch holds at least one sample, whose length "
            "decides how wide it becomes. Check what the batch sampler yields."
        )
    if isinstance(batch, PackedBatch):
        return _pad(batch.values, batch.starts, batch.lengths, padding_value, batch.labels)
    pairs = [_is_pair(sample) for sample in batch]
    if not any(pairs):
        return _pad(*_packed(batch), padding_value)
    if not all(pairs):
        raise ValueError(
            f"Sample {pairs.index(False)} of a batch has no label, sample {pairs.index(True)} has one. All "
            "samples of a batch are pairs (sequence, label), or none is. Mend the dataset's __getitem__."
        )
    sequences, labels = zip(*batch)
    return _pad(*_packed(sequences), padding_value, default_collate(labels))


def _is_pair(sample: Any) -> bool:
    """Tell a pair (sequence, label) from a sequence of two numbers that comes as a tuple."""
    if not isinstance(sample, tuple) or len(sample) != 2:
        return False
    first = sample[0]
    return isinstance(first, list) or (
        np.ndim(first) > 0 if hasattr(first, "ndim") else hasattr(first, "__len__")
    )


def _packed(sequences: Sequence[Any]) -> tuple[torch.Tensor, _Array, _Array]:
    values, offsets = pack(sequences)
    starts_and_stops = offsets.numpy()
    return values, starts_and_stops[:-1], np.diff(starts_and_stops)


def _pad(
    values: torch.Tensor, starts: _Array, lengths: _Array, padding_value: float, labels: Any = None
) -> dict[str, Any]:
    longest = int(np.maximum.reduce(lengths))
    padded = gather_windows(as_array(values), starts, longest)
    mask = _masks(longest)[longest - lengths]
    padded[~mask] = 0 if padding_value == 0 else _padding_for(values.dtype, padding_value)
    sequences = torch.from_numpy(padded)
    padded_batch = {
        "sequences": sequences if sequences.dtype is values.dtype else sequences.view(values.dtype),
        "attention_masks": torch.from_numpy(mask),
        "lengths": torch.from_numpy(lengths),
    }
    return padded_batch if labels is None else {**padded_batch, "labels": labels}


@lru_cache(maxsize=512)
def _masks(longest: int) -> _Array:
    """Return the masks of the lengths `longest`, ..., 1, 0, of shape (longest + 1, longest).

    They are windows of one row, Trues and behind them Falses, so that all of them are hardly larger than one.
    """
    size = 1 << longest.bit_length()
    return overlapping_windows(_trues_and_falses(size)[size - longest : size + longest], longest)


@cache
def _trues_and_falses(size: int) -> _Array:
    """Return as many of either; only powers of two are asked for, so there are few such rows."""
    row = np.zeros(2 * size, np.bool_)
    row[:size] = True
    return row


def _padding_for(dtype: torch.dtype, padding_value: float) -> Any:
    """Return a padding value as the array of a type holds it, or say that the type cannot."""
    try:
        padding = torch.tensor(padding_value, dtype=dtype, device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError):
        padding = None
    if padding is not None and padding.is_floating_point():
        fits = bool(padding.isfinite()) or not isfinite(padding_value)
    else:
        fits = padding is not None and padding.item() == padding_value
    if padding is None or not fits:
        raise ValueError(
            f"padding_value got {padding_value!r}, and the sequences hold {dtype}. That type cannot "
            "hold this value. Pass another padding value, or convert the sequences."
        )
    return as_array(padding)
