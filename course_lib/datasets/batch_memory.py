"""Where the tensors of a batch are laid (lesson 11).

Whoever makes the tensors of a batch asks here for their memory. Usually that is new memory. A worker process
offers memory that the main process sees as well: a batch made there need not be copied to arrive.

New memory costs more than one thinks. The system hands it out page by page, when each is written for the
first time. A small batch gets the pages that an earlier one has left. But 64 pictures of 3 x 224 x 224
float32 are 36.8 MiB, and from 32 MiB on the C library gives all pages back and begins again with each batch:
nine thousand pages of 4 KiB take longer than copying the pictures. So large batches ask for huge pages, of
2 MiB each.
"""

import math
import threading
from collections.abc import Callable, Sequence

import numpy as np
import torch

Offer = Callable[[Sequence[int], torch.dtype], torch.Tensor | None]

# Bytes from which a batch is large. From this size on NumPy asks for huge pages, on Linux.
LARGE_BATCH = 2**22
# Values of a row from which a few dozen rows make a large batch.
LARGE_ROW = 2**14
_of_this_thread = threading.local()
# Whether this process has ever offered memory, so that writing into `empty_batch` may save a copy. It is no
# function, because it is asked for every batch.
has_offered = False


def empty_batch(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """Return a CPU tensor of the given shape, whose values are still to be written."""
    offer: Offer | None = getattr(_of_this_thread, "offer", None)
    offered = None if offer is None else offer(shape, dtype)
    if offered is not None:
        return offered
    size = math.prod(shape) * dtype.itemsize
    if size < LARGE_BATCH:
        return torch.empty(shape, dtype=dtype, device="cpu")
    storage = torch.from_numpy(np.empty(size, np.uint8)).untyped_storage()
    return torch.empty(0, dtype=dtype, device="cpu").set_(storage).resize_(tuple(shape))


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
