"""Let a worker give memory back that it has freed (lesson 16).

The C library keeps freed blocks for the next request. On Linux it raises the size up to which it does so, to
32 MiB, as soon as a program frees a large block; a worker that makes batches then grows from batch to batch,
by gaps between the blocks that are too small for the next. Setting the size once ends the raising: larger
blocks come from the system and return to it.
"""

import ctypes
import sys
from collections.abc import Callable

_M_MMAP_THRESHOLD = -3  # the number of this setting in malloc.h
_BYTES = 128 * 2**10  # what it is before it rises


class GiveBackMemory:
    """A `worker_init_fn` that sees to it, and then calls another one.

    Args:
        then: the user's own `worker_init_fn`, or None.
    """

    def __init__(self, then: Callable[[int], None] | None) -> None:
        self.then = then

    def __call__(self, worker_id: int) -> None:
        give_back_freed_memory()
        if self.then is not None:
            self.then(worker_id)


def give_back_freed_memory() -> bool:
    """Let this process return large blocks to the system when it frees them; tell whether it can be told."""
    if sys.platform != "linux":
        return False  # elsewhere large blocks return anyway
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # not every C library has it
    return set_option is not None and bool(set_option(_M_MMAP_THRESHOLD, _BYTES))
