"""How a frame reaches the other side: by a call in the same process, or over a connection.

A connection carries questions and replies, each with the number of the question; while the asker waits for
its reply it answers the questions that come meanwhile.
"""

import contextlib
import hashlib
import hmac
import os
import queue
import socket
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from course_lib import platform
from course_lib.classroom.exercises.frames import DeadlinePassed, Disconnected, FrameSocket
from course_lib.classroom.exercises.wire import WireError

__all__ = ["ConnectionTransport", "DeadlinePassed", "Disconnected", "Door", "knock"]

MAX_GUESTS = 64
_HANDSHAKE_SECONDS = 10.0
_CHALLENGE = 32


class ConnectionTransport:
    """Ask questions over one connection, and serve those of the other side.

    Args:
        connection: a connected stream socket.
        serve: answers a question of the other side.
    """

    def __init__(self, connection: socket.socket, serve: Callable[[bytes], bytes]) -> None:
        self.connection = FrameSocket(connection)
        self.deadline: float | None = None  # in time.monotonic's seconds
        self._serve = serve
        self._asked = 0
        self._one_at_a_time = threading.RLock()  # of the threads that ask; each may ask again while it serves

    def __call__(self, frame: bytes) -> bytes:
        if not self._one_at_a_time.acquire(timeout=self._patience()):
            raise DeadlinePassed
        try:
            return self._ask(frame)
        finally:
            self._one_at_a_time.release()

    def serve_forever(self) -> None:
        """Answer questions until the other side hangs up."""
        with contextlib.suppress(Disconnected):
            while True:
                kind, number, payload = self.connection.receive()
                if kind != b"Q":
                    self.connection.close()
                    raise WireError("a reply that nobody asked for")
                self.connection.send(b"R", number, self._serve(payload))
        self.connection.close()

    def _ask(self, frame: bytes) -> bytes:
        self._asked += 1
        mine = self._asked
        self.connection.send(b"Q", mine, frame, self.deadline)
        while True:
            kind, number, payload = self.connection.receive(self.deadline)
            if kind == b"Q":
                self.connection.send(b"R", number, self._serve(payload), self.deadline)
            elif number == mine:
                return payload
            else:
                self.connection.close()
                raise WireError(f"a reply to question {number}, while question {mine} is open")

    def _patience(self) -> float:
        return -1 if self.deadline is None else max(0.0, self.deadline - time.monotonic())


class Door:
    """The judge's listening end: student processes knock here.

    Where a first guest is expected, that is the student's own process. Every other connection comes from a
    process or a thread that it started, such as a DataLoader worker that reads a dataset of the judge's; a
    thread serves each of them.

    Args:
        listener: a listening socket, at `address` for the other side; None makes one.
        key: what a guest must know.
    """

    def __init__(
        self,
        serve: Callable[[bytes], bytes],
        *,
        listener: socket.socket | None = None,
        address: Any = None,
        key: bytes | None = None,
        expects_first: bool = False,
    ) -> None:
        self.key = os.urandom(32) if key is None else key
        self._remove: Callable[[], object] = _nothing
        if listener is None:
            listener, address, remove = platform.listen_locally()
            self._remove = weakref.finalize(self, remove)  # at the program's end too
        self.address = address
        self._listener = listener
        listener.settimeout(1.0)  # some systems do not wake who waits at a socket that is closed
        self._serve = serve
        self._lock = threading.Lock()
        self._open = True
        self._expects_first = expects_first
        self._first: queue.Queue[Any] = queue.Queue()
        self._guests: set[socket.socket] = set()
        self._process = os.getpid()
        threading.Thread(target=self._welcome, name="course-door", daemon=True).start()

    def first(self, seconds: float) -> ConnectionTransport | None:
        """Wait for the first guest; None when it did not come in time."""
        try:
            return ConnectionTransport(self._first.get(timeout=seconds), self._serve)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Let nobody in any more, and send away who is here."""
        self._open = False
        for each in (self._listener, *list(self._guests)):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits there
        self._listener.close()
        self._remove()

    def _welcome(self) -> None:
        while self._open:
            try:
                guest, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                if not self._open or self._listener.fileno() < 0:
                    return
                time.sleep(0.05)  # no descriptor left for a guest
                continue
            if len(self._guests) >= MAX_GUESTS or not self._open:
                guest.close()
                continue
            self._guests.add(guest)
            threading.Thread(target=self._attend, args=(guest,), name="course-guest", daemon=True).start()

    def _attend(self, guest: socket.socket) -> None:
        try:
            if not _knows(guest, self.key):
                return
            if self._expects_first:
                self._expects_first = False
                self._first.put(guest.dup())
                return
            ConnectionTransport(guest, self._serve_one_at_a_time).serve_forever()
        except (Exception, DeadlinePassed):  # whatever a guest does, it only loses its connection
            return
        finally:
            self._guests.discard(guest)
            guest.close()

    def _serve_one_at_a_time(self, frame: bytes) -> bytes:
        with self._lock:
            return self._serve(frame)


def knock(address: Any, key: bytes, serve: Callable[[bytes], bytes]) -> ConnectionTransport:
    """Connect to a `Door`."""
    return ConnectionTransport(greet(address, key), serve)


def greet(address: Any, key: bytes) -> socket.socket:
    """Connect to a `Door` and prove that one knows its key."""
    connection = platform.connect_locally(address)
    connection.sendall(_answer(key, _exactly(connection, _CHALLENGE)))
    return connection


def _knows(guest: socket.socket, key: bytes) -> bool:
    """Ask a guest to prove that it knows the key, without saying it."""
    guest.settimeout(_HANDSHAKE_SECONDS)
    challenge = os.urandom(_CHALLENGE)
    guest.sendall(challenge)
    proven = hmac.compare_digest(_exactly(guest, _CHALLENGE), _answer(key, challenge))
    guest.settimeout(None)
    return proven


def _answer(key: bytes, challenge: bytes) -> bytes:
    return hmac.digest(key, challenge, hashlib.sha256)


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise Disconnected("hung up while greeting")
        received += chunk
    return received


def _nothing() -> None:
    pass
