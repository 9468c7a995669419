"""Datasets that are already in memory (lesson 02)."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, TypeVar

import torch

from course_lib.datasets import batch_memory
from course_lib.datasets.base import Dataset, Indices, as_index_tensor, plain_index
from course_lib.datasets.batch_memory import empty_batch, fits_given_memory, operations_are_plain
from course_lib.datasets.columns import ColumnBatch
from course_lib.errors import AssertionTypeError, AssertionValueError

ItemT = TypeVar("ItemT", covariant=True)


class ListDataset(Dataset[ItemT]):
    """Make a dataset of a list, or of any other sequence, without copying it (lesson 02).

    Args:
        data: a sequence of samples; negative indices count from its end.

    Raises:
        TypeError: if `data` has no positions, as a generator, a set or a dict.
    """

    def __init__(self, data: Sequence[ItemT]) -> None:
        has_positions = hasattr(data, "__len__") and hasattr(data, "__getitem__")
        if not has_positions or isinstance(data, Mapping | Set):
            raise TypeError(
                f"ListDataset got a {type(data).__name__}. It finds samples by their position, so it needs a "
                "sequence. Pass a list: list(data), or list(data.items()) for a dict."
            )
        self.data = data

    def __getitem__(self, index: int) -> ItemT:
        return self.data[plain_index(index, len(self.data))]

    def __len__(self) -> int:
        return len(self.data)


class TensorDataset(Dataset[tuple[torch.Tensor, ...]]):
    """Make a dataset of tensors that hold one row for each sample (lesson 02).

    Sample i is the tuple of the i-th rows, a tuple even for a single tensor. A batch is fetched by one
    gather per tensor.

    Args:
        *tensors: tensors of shape (n, ...) with the same n.

    Raises:
        TypeError: if there is no tensor, or something else among them.
        ValueError: if a tensor has no rows, or the numbers of rows differ. Either error is an
            AssertionError as well, as in torch.
    """

    accepts_index_tensor = True

    def __init__(self, *tensors: torch.Tensor) -> None:
        for tensor in tensors or (None,):
            if not isinstance(tensor, torch.Tensor):
                raise AssertionTypeError(
                    f"TensorDataset got {type(tensor).__name__} where a tensor belongs. Its samples are rows "
                    "of tensors. Pass one tensor or more; torch.as_tensor(values) makes one from a list or "
                    "an array."
                )
        sizes = [tuple(tensor.shape) for tensor in tensors]
        if any(not size or size[0] != sizes[0][0] for size in sizes):
            raise AssertionValueError(
                f"Size mismatch between tensors: their shapes are {', '.join(map(str, sizes))}. Row i of "
                "every tensor belongs to sample i, so the first sizes must agree. Check that no rows are "
                "missing."
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[torch.Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices: Indices) -> ColumnBatch:
        """Return the samples at `indices`, gathered: fields of shape (B, ...)."""
        return ColumnBatch(*gather_rows(self.tensors, indices))

    def __getbatch__(self, indices: torch.Tensor) -> list[torch.Tensor]:
        return gather_rows(self.tensors, indices)

    def __len__(self) -> int:
        return len(self.tensors[0])


def gather_rows(tensors: Sequence[torch.Tensor], indices: Indices) -> list[torch.Tensor]:
    """Copy the same rows of tensors of shape (n, ...), for each tensor into a new one of shape (B, ...).

    Raises:
        IndexError: if an index lies outside -n to n - 1.
    """
    if not isinstance(indices, torch.Tensor):
        indices = as_index_tensor(indices)
    try:
        if batch_memory.has_offered or tensors[0].stride(0) >= batch_memory.LARGE_ROW:
            return [_gather_in_place(tensor, indices) for tensor in tensors]
        return [tensor.index_select(0, indices) for tensor in tensors]
    except (IndexError, RuntimeError):
        # index_select takes neither negative indices nor those of another device or type. They are rare: look
        # for them only when it fails.
        return [_gather_by_plain_indices(tensor, indices) for tensor in tensors]


def _gather_in_place(tensor: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    if not (fits_given_memory(tensor) and operations_are_plain()):
        return tensor.index_select(0, indices)
    place = empty_batch((*indices.shape, *tensor.shape[1:]), tensor.dtype)
    return torch.index_select(tensor, 0, indices, out=place)


def _gather_by_plain_indices(tensor: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    plain = [plain_index(index, len(tensor)) for index in as_index_tensor(indices).tolist()]
    return tensor.index_select(0, torch.tensor(plain, dtype=torch.int64, device=tensor.device))
