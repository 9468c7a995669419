"""Which tier of isolation this machine gives: found by attempting what must not succeed.

A  full sandbox: a world of its own, in which the judge, the files and the network do not exist
B  the kernel refuses files, network and system calls, without root and without a world of its own
C  a process with limits, no wall: for trusted submissions only
"""

import contextlib
import os
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib import platform
from course_lib.classroom.exercises.errors import RemoteError
from course_lib.classroom.exercises.frames import DeadlinePassed, Disconnected
from course_lib.classroom.exercises.sides import JudgePeer, Room
from course_lib.classroom.exercises.transport import ConnectionTransport
from course_lib.classroom.exercises.wire import WireError
from course_lib.classroom.grading.sandbox import places
from course_lib.classroom.grading.sandbox.attempts import ACTS
from course_lib.classroom.grading.sandbox.nursery import NoSandbox, Nursery, Way

_ATTEMPTS = "course_lib.classroom.grading.sandbox.attempts"
_SECONDS = 120  # a busy machine must not look like a weak one
_LIMITS = {
    "wall_seconds": 2 * _SECONDS,
    "cpu_seconds": 30,
    "memory_bytes": 256 << 20,
    "processes": 24,
    "open_files": 256,
    "disk_bytes": 16 << 20,
    "shared_bytes": 16 << 20,
}
#: What each tier promises. Tier B sees names of other processes, and older kernels let it reach abstract
#: sockets; forks it can only count where the session has a user of its own, or is not root's.
_PROMISES = {
    "A": frozenset(ACTS),
    "B": frozenset(ACTS) - {"see other processes", "connect to an abstract socket", "fork without end"},
    "C": frozenset({"see the judge's environment"}),
}
_REMEDIES = {
    "A": "",
    "B": "let namespaces be made: as root with the right to mount (in a container: --cap-add SYS_ADMIN "
    "--security-opt seccomp=unconfined --security-opt apparmor=unconfined), or as a user after "
    "sysctl -w user.max_user_namespaces=10000 kernel.apparmor_restrict_unprivileged_userns=0",
    "C": "grade on Linux 5.13 or newer with Landlock; where root or users may make namespaces, it is tier A",
}


@dataclass(frozen=True)
class Attempt:
    """One forbidden act: whether it was refused, and what came of it in words."""

    act: str
    refused: bool
    outcome: str


@dataclass(frozen=True)
class Tier:
    """The isolation in force.

    Attributes:
        name: "A", "B" or "C".
        attempts: what was attempted from inside, and how it went.
        remedy: how this machine would give a better tier; empty at A.
        way: how it is reached.
        tried: why each better way does not work here.
    """

    name: str
    attempts: tuple[Attempt, ...]
    remedy: str
    way: Way
    tried: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[str, ...]:
        """The acts that were not refused."""
        return tuple(each.act for each in self.attempts if not each.refused)


_found: dict[str | None, Tier] = {}
_one_at_a_time = threading.Lock()


def find_tier(name: str | None = None) -> Tier:
    """Find the best tier that this machine gives, or try one by its name. The answer is kept.

    Raises:
        NoSandbox: when the named tier does not work here.
    """
    with _one_at_a_time:
        if name not in _found:
            _found[name] = _find(name)
        return _found[name]


def _find(name: str | None) -> Tier:
    tried: list[str] = []
    for way in _ways():
        if name not in (None, way.tier):
            continue
        try:
            attempts = _attempt_all(way)
        except (NoSandbox, Disconnected, DeadlinePassed, RemoteError, WireError) as problem:
            tried.append(f"{_words(way)}: {str(problem) or type(problem).__name__}")
            continue
        broken = [each for each in attempts if not each.refused and each.act in _PROMISES[way.tier]]
        if not broken:
            return Tier(way.tier, attempts, _REMEDIES[way.tier], way, tuple(tried))
        tried.append(f"{_words(way)}: could {broken[0].act} ({broken[0].outcome})")
    if name in (None, "C") and not platform.can_fork():
        return Tier("C", (), _REMEDIES["C"], Way("C"), tuple(tried))
    raise NoSandbox(f"this machine gives no tier {name or 'at all'}: {'; '.join(tried) or 'no way is known'}")


def _ways() -> Iterator[Way]:
    """Yield the ways from the best to the weakest."""
    if not platform.can_fork():
        return
    root = platform.is_root()
    if sys.platform == "linux":
        if root:
            yield Way("A", change_user=True)
        yield Way("A", by_users=True)
        if root:
            yield Way("B", change_user=True)
        yield Way("B")
    if root:
        yield Way("C", change_user=True)
    yield Way("C")


def _words(way: Way) -> str:
    details = [
        text for text, holds in (("user namespaces", way.by_users), ("own user", way.change_user)) if holds
    ]
    return f"{way.tier} with {' and '.join(details)}" if details else way.tier


def _attempt_all(way: Way) -> tuple[Attempt, ...]:
    """Start a session and let it attempt every act."""
    nursery = Nursery(way, (_ATTEMPTS,))
    try:
        started = nursery.start(_LIMITS)
        try:
            peer = JudgePeer()
            transport = ConnectionTransport(started.channel, peer.serve)
            transport.deadline = time.monotonic() + _SECONDS
            peer.transport = transport
            with _bait() as bait:
                module = Room(peer).module(_ATTEMPTS)
                lack = module.missing()
                if lack:
                    raise NoSandbox(f"{lack}")
                found = module.attempt_all(bait)
            return tuple(Attempt(act, found[act][0] is True, str(found[act][1])) for act in ACTS)
        finally:
            started.close()
    finally:
        nursery.close()


@contextlib.contextmanager
def _bait() -> Iterator[dict[str, Any]]:
    """Lay out what a session must not reach, as open as files and sockets can be."""
    variable = f"COURSE_BAIT_{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as place, socket.create_server(("127.0.0.1", 0)) as listener:
        os.chmod(place, 0o777)
        secret = Path(place) / "secret"
        secret.write_text("nobody may read this")
        secret.chmod(0o644)
        os.environ[variable] = "here"
        try:
            with _abstract_listener() as abstract:
                yield {
                    "file": str(secret),
                    "folder": place,
                    "home": str(Path.home()),
                    "names": _names_at_home(),
                    "variable": variable,
                    "port": listener.getsockname()[1],
                    "abstract": abstract,
                    "judge": os.getpid(),
                    "processes": _LIMITS["processes"],
                    "memory": _LIMITS["memory_bytes"],
                    "disk": _LIMITS["disk_bytes"],
                }
        finally:
            del os.environ[variable]


def _names_at_home() -> list[str]:
    """Return some names in the home folder, without those on the way to the interpreter."""
    home = Path.home()
    shown = {
        Path(path).relative_to(home).parts[0] for path in places.readable() if Path(path).is_relative_to(home)
    }
    with contextlib.suppress(OSError):
        return sorted(set(os.listdir(home)) - shown)[:100]
    return []


@contextlib.contextmanager
def _abstract_listener() -> Iterator[str]:
    if sys.platform != "linux":
        yield ""
        return
    name = f"course-{secrets.token_hex(8)}"
    with platform.listen_abstract(name):
        yield name
