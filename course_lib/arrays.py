"""Arrays as tensors, however they lie in memory (lesson 03).

Torch reads memory forwards and in this machine's byte order only. NumPy hands out arrays that lie otherwise
every day: `np.argsort(losses)[::-1]` is read backwards, and a file of another machine may have its bytes the
other way round.
"""

from typing import Any

import numpy as np
import torch


def tensor_of(values: Any, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Return `torch.as_tensor(values)`; where torch refuses the layout of an array, of a copy of it.

    Args:
        values: numbers: a list, an array or a tensor of any shape.
        dtype: the type of the result; None for that of the values.

    Raises:
        TypeError, ValueError, RuntimeError: if they do not turn into a tensor.
    """
    if isinstance(values, np.ndarray) and (not values.dtype.isnative or min(values.strides, default=0) < 0):
        values = values.astype(values.dtype.newbyteorder("="), order="C")
    # Without a device torch would move even tensors to its default device.
    device = values.device if isinstance(values, torch.Tensor) else "cpu"
    return torch.as_tensor(values, dtype=dtype, device=device)
