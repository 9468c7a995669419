"""Many indices in little memory (lessons 03 and 16).

A Python list of a million ints takes about 36 MB, and reading it in a forked worker copies all of them,
because every read writes a reference count. The same in one tensor takes 8 MB and is shared by all workers.
"""

from collections.abc import Iterable, Sequence
from typing import Any, overload

import torch

from course_lib.arrays import tensor_of
from course_lib.datasets.base import Indices, as_index_tensor


class IndexList(Sequence[int]):
    """Store indices as one int64 tensor; read them as plain ints, as from a list.

    Args:
        indices: ints, or an integer tensor or array of shape (n,).

    Raises:
        TypeError: if there is anything but integers among them.
        ValueError: if they are not one-dimensional.

    Attributes:
        values: the indices, an int64 tensor of shape (n,).
    """

    def __init__(self, indices: Iterable[int] | torch.Tensor) -> None:
        if isinstance(indices, IndexList):
            self.values: torch.Tensor = indices.values
            return
        values = _to_tensor(indices)
        if values.ndim != 1:
            raise ValueError(
                f"Indices came in shape {tuple(values.shape)}. They form one list, with one entry for each "
                "sample. Pass shape (n,), for example indices.flatten()."
            )
        if len(values) > 0 and (
            values.dtype == torch.bool or values.is_floating_point() or values.is_complex()
        ):
            raise TypeError(
                f"Indices came as {values.dtype}. An index is an integer, the position of a sample. Pass "
                "integers; for a mask of bools that is mask.nonzero().flatten()."
            )
        # A copy: the tensor given may change, and pickling a slice of it would carry all of it.
        self.values = values.to("cpu", torch.int64, copy=True)

    def take(self, positions: Indices) -> torch.Tensor:
        """Return the indices at B positions as an int64 tensor of shape (B,)."""
        return self.values[as_index_tensor(positions)]

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, position: int) -> int: ...
    @overload
    def __getitem__(self, position: slice) -> list[int]: ...
    def __getitem__(self, position: Any) -> Any:
        return self.values[position].tolist()

    def __iter__(self) -> Any:
        return iter(self.values.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"IndexList({self.values.tolist() if len(self) <= 10 else f'{len(self)} indices'})"


def _to_tensor(indices: Any) -> torch.Tensor:
    try:
        return tensor_of(indices if hasattr(indices, "shape") else list(indices))
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"Indices came as a {type(indices).__name__} that does not turn into integers ({error}). An "
            "index is an integer, the position of a sample. Pass a list of ints, a range, or an integer "
            "tensor or array."
        ) from error
