"""A student's code running in a process of its own, and the judge's end of the talk with it."""

import contextlib
import multiprocessing
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from course_lib import platform
from course_lib.classroom.exercises import executor
from course_lib.classroom.exercises.sides import JudgePeer, Room
from course_lib.classroom.exercises.transport import ConnectionTransport, DeadlinePassed, Disconnected, Door

_START_SECONDS = 120
_one_start_at_a_time = threading.Lock()


@dataclass(frozen=True)
class CodeCell:
    """A code cell to run: its name for messages, its text, and the names that are hidden meanwhile."""

    label: str
    source: str
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellOutcome:
    """How a cell ended: `error` is empty, or `TypeName: message (line)`."""

    label: str
    error: str


@dataclass(frozen=True)
class Limits:
    """What a student's process may use. Seconds of wall time, bytes of memory."""

    cell_seconds: float = 60
    wall_seconds: float = 600
    cpu_seconds: float = 600
    memory_bytes: int = 4 * 1024**3


class SessionLost(Exception):  # noqa: N818
    """The process hung or ended while its cells ran. `reason` is "timeout" or "crashed"."""

    def __init__(self, reason: str, outcomes: list[CellOutcome]) -> None:
        super().__init__(reason)
        self.reason, self.outcomes = reason, outcomes


class Session:
    """One run of a notebook's cells; `peer` is then asked about the names that they defined."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.peer = JudgePeer()
        self._folder = tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True)
        self._door = Door(self.peer.serve, expects_first=True)
        self._process = _start(self._door, limits, self._folder.name)
        self._transport = self._wait_for_it()
        self.peer.transport = self._transport

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, seconds: float) -> None:
        """Give the other side so many seconds from now, for whatever is asked until the next start."""
        self._transport.deadline = time.monotonic() + seconds

    def stop(self) -> None:
        """Give it what is left of the time for tidying up: the next start counts anew."""

    def run(self, cells: Sequence[CodeCell]) -> list[CellOutcome]:
        """Run the cells in order; a failing one is noted, and the next one runs.

        Raises:
            SessionLost: when the process hung or ended.
        """
        room = Room(self.peer)
        outcomes: list[CellOutcome] = []
        for cell in cells:
            self.start(self.limits.cell_seconds)
            try:
                outcome = room.run_cell(cell.label, cell.source, cell.hidden)
            except DeadlinePassed:
                words = f"no end after {self.limits.cell_seconds:g} seconds"
                raise SessionLost("timeout", [*outcomes, CellOutcome(cell.label, words)]) from None
            except Disconnected:
                words = "the program ended in this cell"
                raise SessionLost("crashed", [*outcomes, CellOutcome(cell.label, words)]) from None
            outcomes.append(CellOutcome(cell.label, _words(outcome)))
        return outcomes

    def close(self) -> None:
        """End the process, all that it started, and remove its folder."""
        with contextlib.suppress(AttributeError):
            self._transport.connection.close()
        self._door.close()
        if self._process.pid is not None:
            platform.kill_process_tree(self._process.pid)
        self._process.join(10)
        self._folder.cleanup()

    def _wait_for_it(self) -> ConnectionTransport:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            transport = self._door.first(0.2)
            if transport is not None:
                return transport
            if not self._process.is_alive():
                break
        self.close()
        raise RuntimeError(
            f"the process for the student's code did not start (exit code {self._process.exitcode}). "
            "`course doctor` says what this machine lacks."
        )


def _words(outcome: dict[str, Any]) -> str:
    match outcome:
        case {"ok": True}:
            return ""
        case {"error": [[str(name), *_], str(message), str(where)]}:
            return f"{name}: {message}" + (f" ({where})" if where else "")
    return "an outcome that says nothing"


def _start(door: Door, limits: Limits, folder: str) -> Any:
    bounds = {
        "wall_seconds": limits.wall_seconds,
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes,
    }
    return start_warm(executor.run, door.address, door.key, bounds, folder)


def start_warm(target: Callable[..., None], *arguments: Any) -> Any:
    """Start a process that has torch loaded already, where the system can fork; else one that loads it."""
    method = "forkserver" if "forkserver" in platform.start_methods() else "spawn"
    context: Any = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(list(executor.PRELOADED))
    process = context.Process(target=target, args=arguments)
    with _without_main():
        process.start()
    return process


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Start a process without it importing the program that starts it: it needs nothing from there."""
    with _one_start_at_a_time:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
