"""How a frame reaches the other side: by a call in the same process, or over a connection.

A connection carries length-prefixed messages of bytes. Each begins with `Q` (a question) or `R` (a reply) and
the number of the question; while the asker waits for its reply it answers the questions that come meanwhile.
"""

import contextlib
import os
import queue
import struct
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from typing import Any

from course_lib.classroom.exercises.wire import MAX_FRAME_BYTES, WireError

_HEAD = struct.Struct("<cQ")


class DeadlinePassed(BaseException):
    """The other side did not answer in time. (No `Exception`: student code must not swallow it.)"""


class Disconnected(Exception):  # noqa: N818
    """The other side's process has ended, or closed its connection."""


class ConnectionTransport:
    """Ask questions over one connection, and serve those of the other side.

    Args:
        connection: a `multiprocessing` connection; only its `send_bytes` and `recv_bytes` are used.
        serve: answers a question of the other side.
    """

    def __init__(self, connection: Any, serve: Callable[[bytes], bytes]) -> None:
        self.connection = connection
        self.deadline: float | None = None  # in time.monotonic's seconds
        self._serve = serve
        self._asked = 0

    def __call__(self, frame: bytes) -> bytes:
        self._asked += 1
        mine = self._asked
        self._send(b"Q", mine, frame)
        while True:
            kind, number, payload = self._receive()
            if kind == b"R":
                if number != mine:
                    raise WireError(f"a reply to question {number}, while question {mine} is open")
                return payload
            self._send(b"R", number, self._serve(payload))

    def serve_forever(self) -> None:
        """Answer questions until the other side hangs up."""
        try:
            while True:
                kind, number, payload = self._receive()
                if kind != b"Q":
                    raise WireError("a reply that nobody asked for")
                self._send(b"R", number, self._serve(payload))
        except Disconnected:
            self.connection.close()

    def _send(self, kind: bytes, number: int, payload: bytes) -> None:
        try:
            self.connection.send_bytes(_HEAD.pack(kind, number) + payload)
        except (OSError, ValueError) as error:
            raise Disconnected(str(error)) from error

    def _receive(self) -> tuple[bytes, int, bytes]:
        try:
            if self.deadline is not None and not self.connection.poll(
                max(0, self.deadline - time.monotonic())
            ):
                raise DeadlinePassed
            message = self.connection.recv_bytes(MAX_FRAME_BYTES + _HEAD.size)
        except (EOFError, OSError) as error:
            raise Disconnected(str(error)) from error
        if len(message) < _HEAD.size or message[:1] not in (b"Q", b"R"):
            raise WireError("a message without its head")
        kind, number = _HEAD.unpack_from(message)
        return kind, number, message[_HEAD.size :]


class Door:
    """The judge's listening end: student processes knock here.

    Where a first guest is expected, that is the student's own process. Every other connection comes from a
    process that it started, such as a DataLoader worker that reads a dataset of the judge's; a thread serves
    each of them.
    """

    def __init__(self, serve: Callable[[bytes], bytes], *, expects_first: bool = False) -> None:
        self.key = os.urandom(32)
        self._listener = Listener(backlog=64, authkey=self.key)
        self._serve = serve
        self._lock = threading.Lock()
        self._open = True
        self._expects_first = expects_first
        self._first: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self._welcome, name="course-door", daemon=True).start()

    @property
    def address(self) -> Any:
        return self._listener.address

    def first(self, seconds: float) -> ConnectionTransport | None:
        """Wait for the first guest; None when it did not come in time."""
        try:
            return ConnectionTransport(self._first.get(timeout=seconds), self._serve)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Let nobody in any more."""
        self._open = False
        with contextlib.suppress(OSError, EOFError):  # wakes the thread that waits for a guest
            Client(self.address, authkey=self.key).close()
        self._listener.close()

    def _welcome(self) -> None:
        while self._open:
            try:
                connection = self._listener.accept()
            except Exception:  # somebody without the key, or one who left at once
                continue
            if not self._open:
                connection.close()
            elif self._expects_first:
                self._expects_first = False
                self._first.put(connection)
            else:
                transport = ConnectionTransport(connection, self._serve_one_at_a_time)
                threading.Thread(target=self._attend, args=(transport,), daemon=True).start()

    def _attend(self, transport: ConnectionTransport) -> None:
        try:
            transport.serve_forever()
        except WireError:
            transport.connection.close()

    def _serve_one_at_a_time(self, frame: bytes) -> bytes:
        with self._lock:
            return self._serve(frame)


def knock(address: Any, key: bytes, serve: Callable[[bytes], bytes]) -> ConnectionTransport:
    """Connect to a `Door`."""
    return ConnectionTransport(Client(address, authkey=key), serve)
