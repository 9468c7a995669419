"""From a fork of the warm process to a student's process: what it does not need is taken away, in order.

Each step that fails ends the session before any of the student's code ran: a wall that could not be built is
never silently left out.
"""

import contextlib
import os
import socket
from typing import Any, NoReturn

from course_lib import platform
from course_lib.classroom.exercises import executor
from course_lib.classroom.grading.sandbox import (
    cgroups,
    landlock,
    linux,
    messages,
    places,
    privileges,
    seccomp,
    view,
)

_KEY_BYTES = 32
_MOST_DESCRIPTORS = 1 << 16


def enter(
    limits: dict[str, Any],
    folder: str,
    tier: str,
    user: int | None,
    group: cgroups.Group,
    channel: int,
    word: socket.socket,
) -> NoReturn:
    """Become the session's first process: at tier A its init, else the student's process itself."""
    try:
        _enter(limits, folder, tier, user, group, channel, word)
    except BaseException as error:
        with contextlib.suppress(BaseException):
            messages.send(word, {"problem": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(1)


def _enter(
    limits: dict[str, Any],
    folder: str,
    tier: str,
    user: int | None,
    group: cgroups.Group,
    channel: int,
    word: socket.socket,
) -> None:
    group.join()
    if linux.available():
        linux.die_with_parent(9)
    _close_all_but(channel, word.fileno())
    if tier == "A":
        folder = "/tmp"
        linux.unshare(linux.NEW_MOUNTS)
        view.make_private(limits["disk_bytes"], limits["shared_bytes"], 1000 if user is None else user)
        student = platform.fork()
        if student != 0:
            _be_init(student, channel, word)
        linux.die_with_parent(9)
    platform.new_process_group()
    door, address = _confine(limits, folder, tier, user)
    key = os.urandom(_KEY_BYTES)
    messages.send(word, {"problem": "", "address": address, "key": key.hex()}, [door.fileno()])
    door.close()
    word.close()
    executor.run(socket.socket(fileno=channel), (address, key), folder)
    os._exit(0)


def _confine(limits: dict[str, Any], folder: str, tier: str, user: int | None) -> tuple[socket.socket, Any]:
    """Build the walls of a tier around this process; returns the socket for its workers, and its address."""
    platform.set_limits(
        cpu_seconds=limits["cpu_seconds"],
        address_bytes=platform.address_space() + limits["memory_bytes"],
        processes=limits["processes"] + (platform.user_tasks() if user is None and tier != "A" else 0),
        open_files=limits["open_files"],
        file_bytes=limits["disk_bytes"],
    )
    if linux.available():
        privileges.drop(user)
        linux.allow_reading_memory()  # a process may look at its own children again
        linux.die_with_parent(9)  # a change of user has undone it
    elif user is not None:
        privileges.become(user)
    door, address, _ = platform.listen_locally(folder)
    if tier != "C":
        landlock.restrict(
            ["/"] if tier == "A" else places.readable_outside(),
            [str(places.library().parent)],
            [folder, "/dev/shm", "/dev/null", "/dev/zero", "/dev/full"],
        )
        seccomp.install()
    return door, address


def _be_init(student: int, channel: int, word: socket.socket) -> NoReturn:
    """Bury orphans; end when the student's process does, and with this process its whole world ends."""
    os.close(channel)
    word.close()
    privileges.drop(None)
    while True:
        ended, _ = os.wait()
        if ended == student:
            os._exit(0)


def _close_all_but(*kept: int) -> None:
    """Close every open file except these and the first three, which lead nowhere."""
    start = 3
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, _MOST_DESCRIPTORS)
