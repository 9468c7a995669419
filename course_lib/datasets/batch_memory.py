"""Where the tensors of a batch are laid (lesson 11).

Whoever makes the tensors of a batch asks here for their memory. Usually that is new memory. A worker process
offers memory that the main process sees as well: a batch made there need not be copied to arrive.

New memory costs more than one thinks. The system hands it out page by page, when each is written for the
first time: for 64 pictures of 3 x 224 x 224 float32, 36.75 MiB, that takes several times as long as copying
the pictures. Two things help.

- Memory that an earlier batch has left has its pages already. How much of it the C library keeps, and how
  much it gives back to the system, depends on the largest block that was ever freed: `keep_freed_memory`.
- It keeps nothing beyond 32 MiB. So large batches ask for huge pages, of which each stands for 512.
"""

import contextlib
import math
import threading
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.autograd import forward_ad

Offer = Callable[[Sequence[int], torch.dtype], torch.Tensor | None]

# Bytes from which a batch is large. From this size on NumPy asks for huge pages, on Linux.
LARGE_BATCH = 2**22
# Values of a row from which a few dozen rows make a large batch.
LARGE_ROW = 2**14
# The largest block that glibc learns from is 32 MiB, its own note of the size included.
_LARGEST_BLOCK = 2**25 - 2**13
_PLAIN_TYPES = {torch.Tensor, torch.nn.Parameter}
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
    if size >= LARGE_BATCH:
        with contextlib.suppress(MemoryError):  # Then torch says so, in the words by which libraries know it.
            storage = torch.from_numpy(np.empty(size, np.uint8)).untyped_storage()
            return torch.empty(0, dtype=dtype, device="cpu").set_(storage).resize_(tuple(shape))
    return torch.empty(shape, dtype=dtype, device="cpu")


def fits_given_memory(tensor: torch.Tensor) -> bool:
    """Say whether torch may write what it makes of this tensor into given memory: others have own rules."""
    return (
        type(tensor) in _PLAIN_TYPES
        and tensor.is_cpu
        and tensor.layout is torch.strided
        and not tensor.requires_grad
        and not tensor.is_quantized
    )


def operations_are_plain() -> bool:
    """Say whether torch computes here what it is told to, and no mode, transform or trace takes that over."""
    return not (
        torch.compiler.is_compiling()
        or torch._C._is_tracing()
        or torch._C._len_torch_function_stack()
        or torch._C._len_torch_dispatch_stack()
        or torch._C._functorch.peek_interpreter_stack() is not None
        or forward_ad._current_level >= 0
    )


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


def keep_freed_memory() -> None:
    """Let the C library keep freed blocks, of up to 32 MiB each, for whoever asks next.

    glibc takes the size of such blocks from the largest that was freed, so we free one. It is never written,
    so it takes no memory. A process that loads data frees such a block sooner or later; this makes that sure,
    and early. What else a program frees is kept as well: `ctypes.CDLL(None).malloc_trim(0)` gives it back.
    Other C libraries have other rules, to which this does nothing.
    """
    with contextlib.suppress(MemoryError):
        np.empty(_LARGEST_BLOCK, np.uint8)


keep_freed_memory()  # Whoever imports this is about to make batches.
