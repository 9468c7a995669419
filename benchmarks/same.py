"""Make sure that contestants do the same work before their times are compared."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import torch


def check_equal(*loaders: Any) -> None:
    """Make sure that all loaders give the same batches, within 1e-6.

    Args:
        *loaders: iterables of batches. They draw their order from torch's generator, or from none.

    Raises:
        ValueError: they do not.
    """
    expected = _first_batches(loaders[0])
    for position, loader in enumerate(loaders[1:], 1):
        found = _first_batches(loader)
        if len(found) != len(expected) or not all(map(is_same, expected, found)):
            raise ValueError(
                f"Contestant {position} gives other batches than the first. Times of different work do not "
                "compare. Look at their datasets."
            )


def is_same(ours: Any, theirs: Any) -> bool:
    """Compare batches: tensors within 1e-6, mappings by key, other containers in order."""
    if isinstance(ours, torch.Tensor):
        return ours.shape == theirs.shape and torch.allclose(ours, theirs, rtol=0, atol=1e-6)
    if isinstance(ours, Mapping):
        return ours.keys() == theirs.keys() and all(is_same(ours[key], theirs[key]) for key in ours)
    return len(ours) == len(theirs) and all(map(is_same, ours, theirs))


def _first_batches(loader: Any) -> list[Any]:
    torch.manual_seed(0)
    return list(islice(loader, 3))
