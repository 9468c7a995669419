"""Windows of a time series, and what follows each of them (lesson 06).

    data        0 1 2 3 4 5 6 7 8          sequence_length=3, horizon=2, stride=2
    window 0    0 1 2 . 4                  target: 2 steps behind the end of the window
    window 1        2 3 4 . 6
    window 2            4 5 6 . 8

Neighbouring windows share values. A random split would put the same values into training and validation:
split the series first, and make a dataset of each part.
"""

from collections.abc import Sequence
from typing import Any

import torch

from course_lib.arrays import tensor_of
from course_lib.datasets.base import Dataset, Indices, plain_index
from course_lib.datasets.columns import ColumnBatch
from course_lib.datasets.memory import gather_rows
from course_lib.samplers.order import check_positive

Sample = tuple[torch.Tensor, torch.Tensor]


class TimeSeriesDataset(Dataset[Sample]):
    """Pair each window of a series with the value that lies `horizon` steps behind its end (lesson 06).

    Sample i is the pair (window, target): tensors of shape (sequence_length, ...) and (...). Both are views
    of `data`, not copies; a batch is gathered into new tensors. There are
    (n - sequence_length - horizon) // stride + 1 samples.

    Args:
        data: n steps, a tensor or array of shape (n, ...), or a list.
        sequence_length: steps in a window.
        horizon: steps from the end of the window to the target; 1 is the step that follows.
        stride: steps from the start of a window to the start of the next.

    Raises:
        ValueError: if the series is too short for one sample, or another number is no positive integer.
        TypeError: if `data` is no series of numbers.

    Attributes:
        data: the series, a tensor of shape (n, ...).
    """

    accepts_index_tensor = True

    def __init__(
        self,
        data: torch.Tensor | Sequence[Any],
        sequence_length: int,
        horizon: int = 1,
        stride: int = 1,
    ) -> None:
        self.data = _as_series(data)
        check_positive("sequence_length", sequence_length, "A window holds at least one step")
        check_positive("horizon", horizon, "The target lies behind the window")
        check_positive("stride", stride, "The next window starts later")
        if len(self.data) < sequence_length + horizon:
            raise ValueError(
                f"data has {len(self.data)} steps. A window of {sequence_length} and a target {horizon} "
                f"behind it take {sequence_length + horizon}. Pass a longer series, or smaller numbers."
            )
        self.sequence_length = sequence_length
        self.horizon = horizon
        self.stride = stride

    def __getitem__(self, index: int) -> Sample:
        position = plain_index(index, len(self))
        return self._windows()[position], self._targets()[position]

    def __getitems__(self, indices: Indices) -> ColumnBatch:
        """Return the samples at `indices`: windows (B, sequence_length, ...) and targets (B, ...)."""
        return ColumnBatch(*gather_rows((self._windows(), self._targets()), indices))

    def __getbatch__(self, indices: torch.Tensor) -> list[torch.Tensor]:
        return gather_rows((self._windows(), self._targets()), indices)

    def __len__(self) -> int:
        return (len(self.data) - self.sequence_length - self.horizon) // self.stride + 1

    def _windows(self) -> torch.Tensor:
        """Return all windows as one view of shape (samples, sequence_length, ...): no value is copied."""
        with_target = self.data[: len(self.data) - self.horizon]
        return with_target.unfold(0, self.sequence_length, self.stride).movedim(-1, 1)

    def _targets(self) -> torch.Tensor:
        return self.data[self.sequence_length + self.horizon - 1 :: self.stride]


def _as_series(data: Any) -> torch.Tensor:
    try:
        series = tensor_of(data)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"data came as a {type(data).__name__} that does not turn into numbers ({error}). A series has "
            "one row of numbers for each step. Pass a tensor or array of shape (n, ...)."
        ) from error
    if series.ndim == 0:
        raise TypeError(
            f"data got {data!r}, a single number. A series has one row of numbers for each step. Pass a "
            "tensor or array of shape (n, ...)."
        )
    return series
