"""A student's code running in a process of its own, and the judge's end of the talk with it."""

import contextlib
import multiprocessing
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from course_lib import platform
from course_lib.classroom.exercises import executor
from course_lib.classroom.exercises.peer import MAX_RECEIVED
from course_lib.classroom.exercises.sides import JudgePeer, Room
from course_lib.classroom.exercises.transport import ConnectionTransport, DeadlinePassed, Disconnected, Door
from course_lib.classroom.exercises.wire import WireError
from course_lib.classroom.grading.sandbox.nursery import nursery
from course_lib.classroom.grading.sandbox.tiers import Tier, find_tier

_START_SECONDS = 120
_BOUNDS_OF_ONE_PROCESS = ("wall_seconds", "cpu_seconds", "memory_bytes")
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
    """What a student's process, with all that it starts, may use.

    Attributes:
        cell_seconds: wall time of each cell.
        wall_seconds: wall time of all.
        cpu_seconds: processor time of each process.
        memory_bytes: memory beyond what the warm process has; of each process, and where the system counts it
            of all together.
        processes: processes and threads at once.
        open_files: files that a process holds open at once.
        disk_bytes: all temporary files.
        shared_bytes: shared memory.
    """

    cell_seconds: float = 60
    wall_seconds: float = 600
    cpu_seconds: float = 600
    memory_bytes: int = 4 * 1024**3
    processes: int = 128
    open_files: int = 1024
    disk_bytes: int = 512 * 1024**2
    shared_bytes: int = 1024**3


class SessionLost(Exception):  # noqa: N818
    """The process hung or ended while its cells ran. `reason` is "timeout" or "crashed"."""

    def __init__(self, reason: str, outcomes: list[CellOutcome]) -> None:
        super().__init__(reason)
        self.reason, self.outcomes = reason, outcomes


class Session:
    """One run of a notebook's cells; `peer` is then asked about the names that they defined.

    Args:
        limits: what it may use.
        tier: the isolation that it runs in; None takes the best that this machine gives.
    """

    def __init__(self, limits: Limits, tier: Tier | None = None) -> None:
        self.limits = limits
        self.tier = find_tier() if tier is None else tier
        self.peer = JudgePeer()
        self._end: Callable[[], object]
        if platform.can_fork():
            self._transport, self._door = self._fork()
        else:
            self._transport, self._door = self._spawn()
        self.peer.transport = self._transport
        self.start(limits.cell_seconds)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, seconds: float) -> None:
        """Give the other side so many seconds from now, for whatever is asked until the next start."""
        self._transport.deadline = time.monotonic() + seconds
        self.peer.allowance = MAX_RECEIVED

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
            except (Disconnected, WireError):
                words = "the program ended in this cell"
                raise SessionLost("crashed", [*outcomes, CellOutcome(cell.label, words)]) from None
            outcomes.append(CellOutcome(cell.label, _words(outcome)))
        return outcomes

    def close(self) -> None:
        """End the process, all that it started, and remove its folder."""
        self._transport.connection.close()
        self._door.close()
        self._end()

    def _fork(self) -> tuple[ConnectionTransport, Door]:
        """Have the warm process fork one."""
        started = nursery(self.tier.way).start(asdict(self.limits))
        self._end = started.close
        door = Door(self.peer.serve, listener=started.door, address=started.address, key=started.key)
        return ConnectionTransport(started.channel, self.peer.serve), door

    def _spawn(self) -> tuple[ConnectionTransport, Door]:
        """Start one anew, where nothing can fork; it knocks at our door."""
        folder = tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True)
        door = Door(self.peer.serve, expects_first=True)
        bounds = {name: getattr(self.limits, name) for name in _BOUNDS_OF_ONE_PROCESS}
        process = start_warm(executor.run_spawned, door.address, door.key, bounds, folder.name)

        def end() -> None:
            platform.kill_process_tree(process.pid)
            process.join(10)
            folder.cleanup()

        self._end = end
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.is_alive():
            transport = door.first(0.2)
            if transport is not None:
                return transport, door
        door.close()
        end()
        raise RuntimeError(
            f"the process for the student's code did not start (exit code {process.exitcode}). "
            "`course doctor` says what this machine lacks."
        )


def _words(outcome: dict[str, Any]) -> str:
    match outcome:
        case {"ok": True}:
            return ""
        case {"error": [[str(name), *_], str(message), str(where)]}:
            return f"{name}: {message}" + (f" ({where})" if where else "")
    return "an outcome that says nothing"


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
