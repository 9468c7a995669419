"""The keeper of one session: it starts the session's process and ends all of it, in time, whatever happens.

    judge ==lifeline==> keeper --> init (tier A: process 1 of its own world) --> the student's process
                                   the student's process (tiers B and C)

It ends the session when the judge hangs up the lifeline or dies, when the time is over, or when the session
uses more than it may. It is our own code and talks with nobody inside but for one word: that all is set up.
"""

import contextlib
import os
import select
import signal
import socket
import time
from typing import Any

from course_lib import platform
from course_lib.classroom.grading.sandbox import cgroups, inside, linux, messages, privileges, usage, view

_NAMESPACES = linux.NEW_PROCESSES | linux.NEW_NETWORK | linux.NEW_IPC | linux.NEW_NAMES
_TICK = 0.25  # seconds between two looks at what the session uses
_USER_INSIDE = 1000


def keep(order: dict[str, Any], tier: str, groups: cgroups.Groups, channel: int, lifeline: int) -> None:
    """Run one session and end it.

    Args:
        order: the session's limits and its folder.
        channel: the connection between judge and student's process.
        lifeline: the connection between judge and keeper.
    """
    line = socket.socket(fileno=lifeline)
    session = _Session(order, tier, groups)
    try:
        child, word = session.start(channel, line)
    except OSError as error:
        messages.send(line, {"problem": f"{error}"})
        session.end(0)
        return
    os.close(channel)
    ending = "trouble"
    try:
        ending = session.watch(child, word, line)
    finally:  # whatever befalls this process
        session.end(child)
    with contextlib.suppress(OSError):
        messages.send(line, {"ended": ending})


class _Session:
    def __init__(self, order: dict[str, Any], tier: str, groups: cgroups.Groups) -> None:
        self.limits: dict[str, Any] = order["limits"]
        self.folder: str = order["folder"]
        self.tier = tier
        self.user = _user(order, tier)
        self.group = groups.make(f"course-{os.getpid()}", self._group_limits())

    def start(self, channel: int, line: socket.socket) -> tuple[int, socket.socket]:
        """Fork the session's first process; returns its number and the line on which it says its one word."""
        platform.new_process_group()
        here, there = socket.socketpair()
        if self.tier == "A":
            if self.user is None:
                view.enter_user_namespace(_USER_INSIDE)
            linux.unshare(_NAMESPACES)
        elif linux.available():
            linux.adopt_orphans()
        elif self.tier == "B":
            raise OSError("tier B is Linux's")
        child = platform.fork()
        if child == 0:
            here.close()
            line.close()
            inside.enter(self.limits, self.folder, self.tier, self.user, self.group, channel, there)
        there.close()
        return child, here

    def watch(self, child: int, word: socket.socket, line: socket.socket) -> str:
        """Wait until the session ends or must be ended; returns why."""
        deadline = time.monotonic() + self.limits["wall_seconds"]
        poll = select.poll()
        for each in (word, line):
            poll.register(each, select.POLLIN)
        process = os.pidfd_open(child) if hasattr(os, "pidfd_open") else None
        if process is not None:
            poll.register(process, select.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            ready = {descriptor for descriptor, _ in poll.poll(int(min(_TICK, left) * 1000) + 1)}
            if line.fileno() in ready:
                return "closed"
            if word.fileno() in ready:
                poll.unregister(word)
                _pass_on(word, line)
            if process in ready or (process is None and not _lives(child)):
                return "ended"
            excess = self._excess()
            if excess:
                return excess
        return "timeout"

    def end(self, child: int) -> None:
        """End every process of the session, then remove its group and what it left in shared memory."""
        if child and self.tier == "A":  # the kernel ends a world with its process 1
            platform.kill(child)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)
        elif self.tier != "A":
            self._sweep(child)
        self.group.remove()
        if self.tier != "A" and self.user is not None:
            usage.remove_shared_memory(self.user)

    def _sweep(self, child: int) -> None:
        """End what descends from here, until nothing does. A user of its own is ended in one stroke."""
        for _ in range(200):
            if self.user is not None:
                _as_user(self.user, platform.kill_user)
            for each in self.group.members():
                platform.kill(each)
            if not platform.kill_descendants():
                break
        if child and not linux.available():
            platform.kill_process_tree(child)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    def _excess(self) -> str:
        """Say what the session uses too much of, where the kernel does not see to it."""
        if self.tier != "A" and usage.disk(self.folder) > self.limits["disk_bytes"]:
            return "disk"
        if "memory" not in self.group.kinds and usage.memory_of_descendants() > self.limits["memory_bytes"]:
            return "memory"
        return ""

    def _group_limits(self) -> dict[str, int]:
        return {"memory": self.limits["memory_bytes"], "pids": self.limits["processes"]}


def _user(order: dict[str, Any], tier: str) -> int | None:
    """Return the user that the session changes to; None when it stays who it is."""
    if not order["change_user"]:
        return None
    user = privileges.user_for(os.getpid())
    if tier != "A":
        os.chown(order["folder"], user, user)
    return user


def _pass_on(word: socket.socket, line: socket.socket) -> None:
    """Hand on to the judge what the session's process said before it ran anything of the student's.

    With it goes the number of this process, which the judge ends if it must.
    """
    with contextlib.suppress(OSError, ValueError):
        message, files = messages.receive(word)
        message = message or {"problem": "it ended while it was set up"}
        messages.send(line, message | {"keeper": os.getpid()}, files)
        for file in files:
            os.close(file)
    word.close()


def _lives(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] == 0


def _as_user(user: int, act: Any) -> None:
    """Do something in a process of that user's."""
    child = platform.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            privileges.drop(user)
            act()
        os._exit(0)
    os.waitpid(child, 0)
