"""The judge's side of the warm process: start it, order sessions from it, end them."""

import atexit
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from typing import Any

from course_lib import platform
from course_lib.classroom.exercises import executor
from course_lib.classroom.grading.sandbox import messages, places

_WARM_SECONDS = 180.0
_START_SECONDS = 60.0
_END_SECONDS = 10.0
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class NoSandbox(RuntimeError):  # noqa: N818
    """This machine does not build the walls that were asked for."""


@dataclass(frozen=True)
class Way:
    """How a tier is reached.

    Attributes:
        tier: "A", "B" or "C".
        by_users: whether namespaces are made in a user namespace, as one must without root.
        change_user: whether the session becomes a user of its own, as only root can.
    """

    tier: str
    by_users: bool = False
    change_user: bool = False


class Started:
    """A session's process, as the judge holds it.

    Attributes:
        channel: the connection to the student's process.
        door: the listening socket on which its workers come, at `address` for them; they know the `key`.
        ending: why it ended, once it has: "closed", "ended" (by itself), "timeout", "disk", "memory".
    """

    def __init__(self, channel: socket.socket, lifeline: socket.socket, folder: str | None) -> None:
        self.channel = channel
        self.ending = ""
        self._keeper = 0
        self._lifeline = lifeline
        self._folder = folder
        lifeline.settimeout(_START_SECONDS)
        message, files = _answer(lifeline)
        if message is None or message["problem"] or not files:
            self.close()
            raise NoSandbox(message["problem"] if message else "the session's process ended at once")
        self._keeper = int(message["keeper"])
        self.door = socket.socket(fileno=files[0])
        self.address, self.key = message["address"], bytes.fromhex(message["key"])

    def close(self) -> None:
        """End the session with all that it started, and wait until that is so."""
        self.channel.close()
        with contextlib.suppress(OSError):
            self._lifeline.shutdown(socket.SHUT_WR)
        self._lifeline.settimeout(_END_SECONDS)
        message, _ = _answer(self._lifeline)
        if message:
            self.ending = message.get("ended", "")
        elif self._keeper:  # stopped, perhaps, by what it keeps: at tier C both may belong to the same user
            platform.kill_process_tree(self._keeper)
        self._lifeline.close()
        if self._folder is not None:
            _remove(self._folder)


class Nursery:
    """One warm process, for the sessions of one way.

    Raises:
        NoSandbox: when the machine does not allow that way.
    """

    def __init__(self, way: Way, modules: tuple[str, ...] = executor.PRELOADED) -> None:
        self.way = way
        self._lock = threading.Lock()
        self._line, there = socket.socketpair()
        path = places.search_path()
        start = (
            f"import sys; sys.path[:] = {path!r}; from {__package__}.warm import main; main({there.fileno()})"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", start],
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[there.fileno()],
        )
        there.close()
        messages.send(
            self._line, {"tier": way.tier, "users": way.by_users, "path": path, "modules": list(modules)}
        )
        self._line.settimeout(_WARM_SECONDS)
        message, _ = _answer(self._line)
        if message is None or message["problem"]:
            self.close()
            raise NoSandbox(message["problem"] if message else "the warm process ended at once")
        self.groups = frozenset(message["groups"])

    def alive(self) -> bool:
        return self._process.poll() is None

    def start(self, limits: dict[str, Any]) -> Started:
        """Start a session's process with these limits.

        Raises:
            NoSandbox: when it could not be confined.
        """
        channel, its_channel = socket.socketpair()
        lifeline, its_lifeline = socket.socketpair()
        folder = None if self.way.tier == "A" else tempfile.mkdtemp(prefix="course-")
        order = {"limits": limits, "folder": folder or "", "change_user": self.way.change_user}
        with self._lock, contextlib.suppress(OSError):  # the lifeline tells when nobody took the order
            messages.send(self._line, order, [its_channel.fileno(), its_lifeline.fileno()])
        its_channel.close()
        its_lifeline.close()
        return Started(channel, lifeline, folder)

    def close(self) -> None:
        """Hang up; the warm process ends, and with it every session."""
        self._line.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_nurseries: dict[tuple[Any, ...], Nursery] = {}
_one_at_a_time = threading.Lock()


def nursery(way: Way, modules: tuple[str, ...] = executor.PRELOADED) -> Nursery:
    """Return this process's nursery for a way: the one that runs already, or a new one.

    Raises:
        NoSandbox: when the machine does not allow that way.
    """
    mark = (os.getpid(), way, modules)
    with _one_at_a_time:
        if mark not in _nurseries or not _nurseries[mark].alive():
            _nurseries[mark] = Nursery(way, modules)
        return _nurseries[mark]


@atexit.register
def close_all() -> None:
    """End the warm processes that this process has started."""
    for mark in [mark for mark in _nurseries if mark[0] == os.getpid()]:
        _nurseries.pop(mark).close()


def _answer(line: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    try:
        return messages.receive(line)
    except (OSError, ValueError):
        return None, []


def _environment() -> dict[str, str]:
    """Return the environment that student code will see: nothing of the judge's but where libraries are."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    threads = dict.fromkeys(_ONE_THREAD, "1")
    fixed = {
        "PATH": "/usr/bin:/bin",
        "HOME": tempfile.gettempdir(),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "CUDA_VISIBLE_DEVICES": "",
    }
    return kept | threads | fixed


def _remove(folder: str) -> None:
    """Remove a session's folder, whatever it has become: without rights, or deeper than Python can follow."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
        return
    for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):  # neither follows links
        subprocess.run([*command, "--", folder], stderr=subprocess.DEVNULL, check=False)
