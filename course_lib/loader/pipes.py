"""Pipes between processes, read, written and watched with as few steps as can be (lesson 11).

A loader that is fast spends most of its time here. The methods of `multiprocessing` do the same; they take
several times as long.
"""

import os
import struct
from collections.abc import Collection, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from course_lib.platform import make_poll

Source = Connection | int

_SIZE = struct.Struct("!i")  # how `multiprocessing` begins a message, so that its methods understand ours
_LARGEST = 2**30


def send(connection: Connection, message: bytes) -> None:
    """Send a message, as `connection.send_bytes` does.

    Raises:
        OSError: nobody reads.
    """
    if type(connection) is not Connection or len(message) > _LARGEST:  # Windows has pipes of another kind.
        connection.send_bytes(message)
        return
    left = memoryview(_SIZE.pack(len(message)) + message)
    while left:
        left = left[os.write(connection.fileno(), left) :]


def receive(connection: Connection) -> bytes:
    """Wait for a message and return it, as `connection.recv_bytes` does.

    Raises:
        EOFError: nobody writes any more.
        OSError: the pipe is closed.
    """
    if type(connection) is not Connection:
        return connection.recv_bytes()
    descriptor = connection.fileno()
    (size,) = _SIZE.unpack(_read(descriptor, _SIZE.size))
    if size < 0:  # too long for four bytes: the length itself follows in eight
        size = int.from_bytes(_read(descriptor, 8), "big")
    return _read(descriptor, size)


def _read(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size)
    if len(data) == size:
        return data
    parts = [data]
    while data and (size := size - len(data)):
        parts.append(data := os.read(descriptor, size))
    if not data:
        raise EOFError
    return b"".join(parts)


class Watch:
    """Tells which of some sources have something to say: a pipe a message, a process that it has ended.

    Args:
        sources: reading ends of pipes, and sentinels of processes.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._by_descriptor = {
            source if isinstance(source, int) else source.fileno(): source for source in sources
        }
        self._poll = make_poll(self._by_descriptor)

    def ready(self, timeout: float | None) -> Collection[Any]:
        """Wait until there is something; return those that have it.

        Args:
            timeout: seconds to wait at most; None waits for as long as it takes.
        """
        if self._poll is None:
            return wait(self._sources, timeout)
        return [self._by_descriptor[descriptor] for descriptor in self._poll(timeout)]
