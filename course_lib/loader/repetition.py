"""Notice workers that all go through the whole stream (lessons 07 and 11).

Every worker iterates over its own copy of an iterable dataset. If none of them takes only its part, each
sample comes once from every worker.
"""

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from course_lib.loader.pickling import is_plain


class RepetitionCheck:
    """Compares the first batches of the first two workers of a pass, once.

    Args:
        dataset_name: how the warning calls the dataset.
    """

    def __init__(self, dataset_name: str) -> None:
        self._dataset_name = dataset_name
        self._first: tuple[int, Any] | None = None
        self._is_done = False

    def look_at(self, worker: int, batch: Any) -> None:
        """Take note of a batch; warn if two workers begin alike."""
        if self._is_done:
            return
        if self._first is None:
            self._first = worker, _copied(batch)
            return
        self._is_done = True
        first_worker, first_batch = self._first
        self._first = None
        if worker != first_worker and _equal(first_batch, batch):
            warnings.warn(
                f"Workers {first_worker} and {worker} began with the same batch of {self._dataset_name}. "
                "Every worker iterates over its own copy of an iterable dataset, so each sample may come "
                "once from every worker. Yield only this worker's part in __iter__, as get_worker_info() "
                "tells, or wrap the source in StreamingDataset, which does.",
                stacklevel=7,
            )


def _copied(batch: Any) -> Any:
    try:
        return copy.deepcopy(batch)  # The consumer may change its batch before the next one comes.
    except Exception:
        return None


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return is_plain(one) and is_plain(other) and one.dtype != torch.complex32 and torch.equal(one, other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return _equal(list(one.items()), list(other.items()))
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str | bytes):
        return 0 < len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, str | bytes | int | float) and one == other
