"""Where the tensors of a batch are laid (lesson 11).

Whoever makes the tensors of a batch asks here for their memory. Usually that is new memory. A worker process
offers memory that the main process sees as well: a batch made there need not be copied to arrive.
"""

import threading
from collections.abc import Callable, Sequence

import torch

Offer = Callable[[Sequence[int], torch.dtype], torch.Tensor | None]

_of_this_thread = threading.local()
# Whether this process has ever offered memory, so that writing into `empty_batch` may save a copy. It is no
# function, because it is asked for every batch.
has_offered = False


def empty_batch(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """Return a CPU tensor of the given shape, whose values are still to be written."""
    offer: Offer | None = getattr(_of_this_thread, "offer", None)
    offered = None if offer is None else offer(shape, dtype)
    return torch.empty(shape, dtype=dtype, device="cpu") if offered is None else offered


class offering:  # noqa: N801 (used as a statement: `with offering(...):`)
    """Let this thread lay batches into the memory that `offer` gives, for the time of a `with`.

    Args:
        offer: takes a shape and a dtype; returns a tensor, or None if it has no room.
    """

    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    def __enter__(self) -> None:
        global has_offered
        has_offered = True
        _of_this_thread.offer = self._offer

    def __exit__(self, *error: object) -> None:
        _of_this_thread.offer = None
