"""A batch of samples kept by column (lesson 09).

A dataset that holds tensors can fetch a whole batch with one gather per tensor. Cutting the result into
samples only for the collate function to stack them again would throw the gain away. `ColumnBatch` avoids
that: it reads as a list of samples, so that any collate function works, and `default_collate` of this
library takes its columns as they are.
"""

from collections.abc import Sequence
from typing import Any, overload

import torch

Sample = tuple[Any, ...]


class ColumnBatch(Sequence[Sample]):
    """Hold the samples of a batch as columns; read them as tuples.

    Attributes:
        columns: one entry per field of a sample, each of length B: a tensor of shape (B, ...) or a list.

    Raises:
        ValueError: without columns, or when their lengths differ.
    """

    __slots__ = ("columns",)

    def __init__(self, *columns: Any) -> None:
        sizes = [len(column) for column in columns]
        if not sizes or sizes.count(sizes[0]) != len(sizes):
            raise ValueError(
                f"ColumnBatch got columns of lengths {sizes}. A batch needs at least one column, and every "
                "column holds one value for each sample. Pass columns of the same length."
            )
        self.columns: Sequence[Any] = columns

    def __len__(self) -> int:
        first = self.columns[0]
        # A tensor tells its shape four times as fast as its length.
        return int(first.shape[0]) if isinstance(first, torch.Tensor) else len(first)

    @overload
    def __getitem__(self, position: int) -> Sample: ...
    @overload
    def __getitem__(self, position: slice) -> list[Sample]: ...
    def __getitem__(self, position: int | slice) -> Sample | list[Sample]:
        if isinstance(position, slice):
            return list(self)[position]
        return tuple(column[position] for column in self.columns)

    def __iter__(self) -> Any:
        return zip(*self.columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ColumnBatch({len(self)} samples of {len(self.columns)} fields)"
