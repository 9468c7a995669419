"""Frames on a stream socket: each a length, a kind, a number and a payload; every wait can have an end.

    length (4 bytes) | kind: Q question, R reply (1) | number of the question (8) | payload

The other end may be hostile: whatever it sends or leaves out, a call here returns, or raises one of the three
errors below, no later than its deadline, and holds no more memory than was really received.
"""

import contextlib
import socket
import struct
import time

from course_lib.classroom.exercises.wire import MAX_FRAME_BYTES, WireError

_HEAD = struct.Struct("<IcQ")
_CHUNK = 1 << 20


class DeadlinePassed(BaseException):
    """The other side did not answer in time. (No `Exception`: student code must not swallow it.)"""


class Disconnected(Exception):  # noqa: N818
    """The other side's process has ended, or closed its connection."""


class FrameSocket:
    """Send and receive frames. After an error the connection is closed: what is left in it means nothing.

    Args:
        connection: a connected stream socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._received = bytearray()

    def send(self, kind: bytes, number: int, payload: bytes, deadline: float | None = None) -> None:
        """Send a frame, by `deadline` in the seconds of `time.monotonic`.

        Raises:
            WireError: when the payload is too large. The connection can still be used.
            DeadlinePassed, Disconnected: as their names say.
        """
        if len(payload) > MAX_FRAME_BYTES:
            raise WireError(f"a frame has {len(payload):,} bytes; at most {MAX_FRAME_BYTES:,} can cross")
        head = _HEAD.pack(len(payload), kind, number)
        try:
            self._socket.settimeout(_left(deadline))
            if len(payload) < _CHUNK:
                self._socket.sendall(head + payload)
                return
            self._socket.sendall(head)
            self._socket.settimeout(_left(deadline))
            self._socket.sendall(payload)
        except TimeoutError:
            self.close()
            raise DeadlinePassed from None
        except OSError as error:
            self.close()
            raise Disconnected(str(error)) from error

    def receive(self, deadline: float | None = None) -> tuple[bytes, int, bytes]:
        """Wait for a frame until `deadline`; returns its kind, number and payload.

        Raises:
            WireError: when it is no frame, or too large.
            DeadlinePassed, Disconnected: as their names say.
        """
        length, kind, number = _HEAD.unpack(self._take(_HEAD.size, deadline))
        if kind not in (b"Q", b"R") or length > MAX_FRAME_BYTES:
            self.close()
            raise WireError(f"a frame of kind {kind!r} with {length:,} bytes")
        return kind, number, self._take(length, deadline)

    def close(self) -> None:
        """Hang up, also for a thread that waits here."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _take(self, count: int, deadline: float | None) -> bytes:
        """Return the next `count` bytes. Room is made for what has come, not for what was announced."""
        try:
            seconds = _left(deadline)  # also when the bytes are here: who floods us gets no more time
            while len(self._received) < count:
                self._socket.settimeout(seconds)
                chunk = self._socket.recv(min(_CHUNK, max(count - len(self._received), 65536)))
                if not chunk:
                    raise ConnectionResetError("the other side hung up")
                self._received += chunk
                seconds = _left(deadline)
        except TimeoutError:
            self.close()
            raise DeadlinePassed from None
        except OSError as error:
            self.close()
            raise Disconnected(str(error)) from error
        taken = bytes(memoryview(self._received)[:count])
        del self._received[:count]
        return taken


def _left(deadline: float | None) -> float | None:
    """Return how many seconds are left.

    Raises:
        TimeoutError: when none are.
    """
    if deadline is None:
        return None
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
