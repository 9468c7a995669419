"""Grow the batch as training converges (lesson 19).

Far from the minimum a noisy gradient is good enough, and small batches take more steps. Near it the noise
keeps the loss from falling, and a larger batch has less of it (lesson 15). To double the batch then does
what otherwise a smaller learning rate does (Smith, Kindermans, Ying and Le, "Don't Decay the Learning Rate,
Increase the Batch Size", 2018, arXiv 1711.00489).
"""

import warnings
from statistics import fmean

from course_lib.policies.batch_record import BatchRecord
from course_lib.policies.sizing import Choice

_SILENT_BATCHES = 100


class GrowthOnPlateau:
    """Double the batch whenever the loss has stopped falling.

    It has when the mean of the last `patience` losses lies less than `threshold` below the mean of the
    `patience` losses before. It is the rule of `ReduceLROnPlateau`, for the batch size.

    Args:
        patience: number of losses in a mean.
        threshold: the fall that counts, as a part of the earlier mean.
    """

    def __init__(self, patience: int = 20, threshold: float = 0.02) -> None:
        self.patience = patience
        self.threshold = threshold
        self._losses: list[float] = []
        self._silent = 0

    def choose(self, record: BatchRecord, size: int, low: int, high: int) -> Choice:
        """Return the size of the next batch."""
        if record.loss is None:
            self._note_silence()
            return Choice(size)
        self._silent = -1
        self._losses.append(record.loss)
        if size == high or len(self._losses) < 2 * self.patience:
            return Choice(size)
        before, now = self._means()
        if now < before - self.threshold * abs(before):
            del self._losses[0]
            return Choice(size)
        self._losses = []
        larger = min(2 * size, high)
        return Choice(larger, f"the loss went from {before:.3g} to {now:.3g}, no fall: growing to {larger}")

    def _means(self) -> tuple[float, float]:
        latest = self._losses[-2 * self.patience :]
        return fmean(latest[: self.patience]), fmean(latest[self.patience :])

    def _note_silence(self) -> None:
        if self._silent < 0:
            return  # Losses come, if not after every batch.
        self._silent += 1
        if self._silent == _SILENT_BATCHES:
            warnings.warn(
                f"target is 'convergence', and {_SILENT_BATCHES} batches went by without a loss. The batch "
                "grows when the loss has stopped falling, and only you know the loss. Call "
                "loader.observe(loss) after each step.",
                stacklevel=2,
            )
