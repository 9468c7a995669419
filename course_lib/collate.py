"""Turn a list of samples into one batch (lesson 09).

The rules are torch's: numbers become tensors, tensors are stacked, containers are collated field by field
and keep their type where they can, strings stay as they are. Each rule is a small function, chosen by the
type of the first sample; `register_collate` adds a rule for a type of your own.
"""

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from functools import singledispatch
from typing import Any

import numpy as np
import torch

from course_lib.datasets import batch_memory
from course_lib.datasets.batch_memory import empty_batch, fits_given_memory, operations_are_plain
from course_lib.datasets.columns import ColumnBatch
from course_lib.errors import EmptyBatchError

_SPARSE_LAYOUTS = {torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc}
_TEXT_AND_OBJECT_KINDS = "SaUO"


def default_collate(batch: Sequence[Any]) -> Any:
    """Collate samples into a batch, by the rules of `torch.utils.data.default_collate` (lesson 09).

    Args:
        batch: B samples of the same structure.

    Returns:
        The same structure with a batch of values in place of each value: tensors and arrays of shape (...)
        become a tensor of shape (B, ...), ints an int64, floats a float64 and bools a bool tensor of shape
        (B,). Strings and bytes stay a sequence of B. Dicts, named tuples, lists and custom containers keep
        their type; a plain tuple becomes a list, as in torch.

    Raises:
        TypeError: if the samples hold something that has no rule, such as None or an array of strings.
        RuntimeError: if the samples differ in length or shape, or hold nested or sparse tensors.
        KeyError: if a sample lacks a key that the first one has.
        ValueError: if the batch is empty (the error is an IndexError as well, as in torch).
    """
    if len(batch) == 0:
        raise EmptyBatchError(
            "default_collate got an empty batch. A batch holds at least one sample, because the first one "
            "decides how to collate. Check what the batch sampler or the dataset's __getitems__ returns."
        )
    if isinstance(batch, ColumnBatch):
        # A list of values becomes a tuple, because that is what transposing a list of samples gives.
        return [
            column if isinstance(column, torch.Tensor) else default_collate(tuple(column))
            for column in batch.columns
        ]
    return _collate(batch[0], batch)


def default_convert(data: Any) -> Any:
    """Turn the NumPy values in one sample into tensors and leave the rest alone, as torch does (lesson 09).

    A loader without batching (`batch_size=None`) passes each sample through this function.

    Args:
        data: one sample: a value, or containers of values.

    Returns:
        The same structure; arrays and NumPy numbers have become tensors that share their memory where they
        can. A plain tuple becomes a list, as in torch.
    """
    if isinstance(data, np.ndarray):
        if type(data).__module__ != "numpy":  # A mask, say, would be lost.
            return data
        return data if data.dtype.kind in _TEXT_AND_OBJECT_KINDS else torch.as_tensor(data)
    if isinstance(data, np.bool_ | np.number):
        return torch.as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _like_sequence(data, [default_convert(value) for value in data])
    return data


def register_collate(sample_type: type, rule: Callable[[Any, Sequence[Any]], Any]) -> None:
    """Collate samples of a type of your own.

    The rule counts wherever this course collates. `torch.utils.data._utils.collate.default_collate_fn_map`,
    torch's own list of rules, does not.

    Args:
        sample_type: the type; its subclasses follow the same rule.
        rule: takes the first sample and all B samples of a batch, returns the collated batch.
    """
    _collate.register(sample_type, rule)


@singledispatch
def _collate(first: Any, batch: Sequence[Any]) -> Any:
    raise TypeError(_no_rule_message(type(first)))


@_collate.register(torch.Tensor)
def _collate_tensors(first: torch.Tensor, batch: Sequence[torch.Tensor]) -> torch.Tensor:
    kind = "nested" if first.is_nested else "sparse" if first.layout in _SPARSE_LAYOUTS else None
    if kind is not None:
        raise RuntimeError(
            f"Batches of {kind} tensors are not currently supported by the default collate_fn. Only dense "
            "tensors of one shape can be stacked. Provide a custom collate_fn to handle them."
        )
    try:
        if _may_be_stacked_by_hand(first, batch):
            return torch.stack(tuple(batch), out=empty_batch((len(batch), *first.shape), first.dtype))
        return torch.stack(tuple(batch))
    except RuntimeError as error:
        if not any(tensor.is_nested or tensor.shape != first.shape for tensor in batch):
            raise
        raise RuntimeError(
            f"{error}. A batch stacks samples of one shape. Resize, crop or pad them in a transform, or pass "
            "a collate_fn that does."
        ) from error


def _may_be_stacked_by_hand(first: torch.Tensor, batch: Sequence[torch.Tensor]) -> bool:
    """Say whether the memory of a batch may be chosen here, and whether that is of any use."""
    return (
        (batch_memory.has_offered or len(batch) * first.nbytes >= batch_memory.LARGE_BATCH)
        and fits_given_memory(first)
        and operations_are_plain()
        and (first.dim() < 4 or first.is_contiguous())  # Stacking may keep the order of more dimensions.
        and _are_alike(type(first), first.dtype, batch)
    )


def _are_alike(kind: type, dtype: torch.dtype, batch: Sequence[torch.Tensor]) -> bool:
    return all(
        type(tensor) is kind
        and tensor.dtype is dtype
        and tensor.layout is torch.strided
        and not tensor.requires_grad
        for tensor in batch
    )


@_collate.register(np.ndarray)
def _collate_arrays(first: np.ndarray[Any, Any], batch: Sequence[np.ndarray[Any, Any]]) -> torch.Tensor:
    if first.dtype.kind in _TEXT_AND_OBJECT_KINDS:
        raise TypeError(_no_rule_message(first.dtype))
    tensors = [torch.as_tensor(array) for array in batch]
    return _collate_tensors(tensors[0], tensors)


@_collate.register(np.bool_)
@_collate.register(np.number)
def _collate_numpy_numbers(first: Any, batch: Sequence[Any]) -> torch.Tensor:
    return torch.as_tensor(batch)


@_collate.register(float)
def _collate_floats(first: float, batch: Sequence[float]) -> torch.Tensor:
    return torch.tensor(batch, dtype=torch.float64)


@_collate.register(int)
def _collate_ints(first: int, batch: Sequence[int]) -> torch.Tensor:
    return torch.tensor(batch)


@_collate.register(str)
@_collate.register(bytes)
def _keep(first: Any, batch: Sequence[Any]) -> Sequence[Any]:
    return batch


@_collate.register(Mapping)
def _collate_mappings(first: Mapping[Any, Any], batch: Sequence[Mapping[Any, Any]]) -> Mapping[Any, Any]:
    return _like_mapping(first, {key: default_collate(_values_of(key, batch)) for key in first})


@_collate.register(Sequence)
def _collate_sequences(first: Sequence[Any], batch: Sequence[Sequence[Any]]) -> Sequence[Any]:
    for position, sample in enumerate(batch):
        if len(sample) != len(first):
            raise RuntimeError(
                f"each element in list of batch should be of equal size, but sample 0 has {len(first)} "
                f"values and sample {position} has {len(sample)}. Return samples of equal length from the "
                "dataset, or pass a collate_fn that pads them."
            )
    return _like_sequence(first, [default_collate(values) for values in zip(*batch)])


def _values_of(key: Any, batch: Sequence[Mapping[Any, Any]]) -> list[Any]:
    try:
        return [sample[key] for sample in batch]
    except KeyError as error:
        position = next(number for number, sample in enumerate(batch) if key not in sample)
        raise KeyError(
            f"sample {position} has no key {key!r}, which sample 0 has: default collation takes the keys of "
            "the first sample from all of them. Return the same keys for every sample, or pass a collate_fn."
        ) from error


def _like_mapping(original: Mapping[Any, Any], values: dict[Any, Any]) -> Mapping[Any, Any]:
    try:
        if not isinstance(original, MutableMapping):
            return type(original)(values)  # type: ignore[call-arg]
        # A copy keeps what else the object carries, such as the factory of a defaultdict.
        clone = copy.copy(original)
        clone.update(values)
        return clone
    except TypeError:
        return values


def _like_sequence(original: Sequence[Any], values: list[Any]) -> Sequence[Any]:
    if isinstance(original, tuple):
        return type(original)(*values) if hasattr(original, "_fields") else values
    try:
        if not isinstance(original, MutableSequence):
            return type(original)(values)  # type: ignore[call-arg]
        clone = copy.copy(original)
        for position, value in enumerate(values):
            clone[position] = value
        return clone
    except (TypeError, ValueError):  # such as an array of floats, which cannot hold tensors
        return values


def _no_rule_message(kind: object) -> str:
    return (
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {kind}. "
        "Convert the values in the dataset or in a transform, or pass a collate_fn that knows them."
    )
