"""One copy of a large thing for many processes, of which each may change its own (lesson 11).

Workers that are not forked get a copy of the dataset. Sent through pipes it would be copied anew for each
worker, several times on its way. Instead the bytes are written once, to memory with a file descriptor. Every
worker maps that memory: it reads what all read, and a page that it writes to becomes its own.
"""

import mmap
import os
from collections.abc import Iterator, Sequence
from multiprocessing import reduction
from pickle import PickleBuffer
from typing import Any

from course_lib.platform import make_memory_file

Place = tuple[int, int]  # its first byte, and the one behind its last

_LITTLE = 2**16  # bytes; less than that travels as quickly with the rest
_ALIGNMENT = 64


class CopyOnWriteMemory:
    """Memory that is written once and read by processes started later or soon.

    It is handed to a process as one of its arguments when it is started, and may be filled afterwards. Where
    the system has no such memory, or none is left, `lay` says so for each buffer.
    """

    def __init__(self) -> None:
        self._descriptor = make_memory_file()
        self._size = 0

    def lay(self, buffer: PickleBuffer) -> Place | None:
        """Write a buffer behind the ones before; return its place, or None if it has to travel otherwise."""
        content = buffer.raw()
        if self._descriptor is None or content.nbytes < _LITTLE:
            return None
        start = end = -(-self._size // _ALIGNMENT) * _ALIGNMENT
        try:
            while content:
                written = os.pwrite(self._descriptor, content, end)
                content, end = content[written:], end + written
        except OSError:  # A limit on files holds here, too.
            return None
        self._size = end
        return start, end

    def open(self, places: Sequence[Place]) -> Iterator[memoryview]:
        """Yield what lies at these places. To write into it changes this process's copy only."""
        if places and self._descriptor is not None:
            mapped = memoryview(mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_COPY))
            for start, end in places:
                yield mapped[start:end]

    def close(self) -> None:
        """Give the descriptor back. What is mapped stays, and so does what other processes hold."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __getstate__(self) -> dict[str, Any]:
        return {"duplicate": None if self._descriptor is None else reduction.DupFd(self._descriptor)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        duplicate = state["duplicate"]
        self._descriptor, self._size = None if duplicate is None else duplicate.detach(), 0
