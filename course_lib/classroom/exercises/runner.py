"""Run the checks of a task against one side, and say how each went. Knows neither kernels nor processes."""

import hashlib
import inspect
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from course_lib.classroom.exercises.asked import Asked
from course_lib.classroom.exercises.errors import RemoteError, is_unwritten
from course_lib.classroom.exercises.expectations import CheckFailed, Expect, Failure
from course_lib.classroom.exercises.peer import MAX_ITEMS
from course_lib.classroom.exercises.sides import JudgePeer, Room, Student
from course_lib.classroom.exercises.tasks import Check, Exercise, Task
from course_lib.classroom.exercises.transport import DeadlinePassed, Disconnected

PASSED, FAILED, UNWRITTEN, ERROR, TIMEOUT, CRASHED, NOT_RUN = (
    "passed",
    "failed",
    "not written",
    "error",
    "timeout",
    "crashed",
    "not run",
)


class Bounds(Protocol):
    """How long the other side may take for a check. What takes longer raises `DeadlinePassed`."""

    def start(self, seconds: float) -> None:
        """Begin to count."""

    def stop(self) -> None:
        """End counting."""


@dataclass(frozen=True)
class CheckResult:
    """How one check went.

    Attributes:
        status: one of the constants of this file.
        failure: the parts of the message, unless it passed.
    """

    title: str
    points: int
    status: str
    failure: Failure | None = None

    @property
    def earned(self) -> int:
        return self.points if self.status == PASSED else 0


@dataclass(frozen=True)
class TaskResult:
    """How the checks of one task went."""

    task: Task
    checks: tuple[CheckResult, ...]

    @property
    def earned(self) -> int:
        return sum(check.earned for check in self.checks)

    @property
    def points(self) -> int:
        return sum(check.points for check in self.checks)

    @property
    def passed(self) -> bool:
        return self.earned == self.points


def run_task(exercise: Exercise, number: str, peer: JudgePeer, *, seed: int, bounds: Bounds) -> TaskResult:
    """Run every check of a task. After the other side hung or died, the checks that are left are not run.

    Args:
        seed: the inputs of the checks vary with it.
    """
    task = exercise.task(number)
    results: list[CheckResult] = []
    room = Room(peer)
    lost = ""
    for check in exercise.checks_of(number):
        if lost:
            failure = _failure(check, lost, "the check before this one ended the program", Asked())
            results.append(CheckResult(check.title, check.points, NOT_RUN, failure))
            continue
        result = _run_check(check, task, peer, room, seed, bounds)
        results.append(result)
        if result.status in (TIMEOUT, CRASHED):
            lost = f"not run, because the program {'hung' if result.status == TIMEOUT else 'ended'} before"
    return TaskResult(task, tuple(results))


def _run_check(
    check: Check, task: Task, peer: JudgePeer, room: Room, seed: int, bounds: Bounds
) -> CheckResult:
    expect = Expect()
    peer.patience = MAX_ITEMS
    peer.asked = Asked()
    status, failure = PASSED, None
    try:
        bounds.start(check.seconds)
        room.hide(task.forbids)
        try:
            check.function(**_fixtures(check, Student(peer), room, expect, seed))
        finally:
            bounds.stop()
            room.unhide()
        if expect.count == 0:
            raise TypeError(f"the check {check.title!r} expects nothing")
    except CheckFailed as error:
        status, failure = FAILED, error.failure
    except DeadlinePassed:
        status = TIMEOUT
        failure = Failure(
            peer.asked.words or check.title,
            f"no answer after {check.seconds:g} seconds",
            "an answer in time",
            "Every call ends.",
            "Which loop, or which `list(...)` of something endless, never comes to its end here?",
        )
    except Disconnected:
        status = CRASHED
        got = "the program ended while it was asked"
        failure = _failure(check, got, "the code returns or raises", peer.asked)
    except RemoteError as error:
        status, failure = _remote(check, task, error, peer.asked)
    except Exception as error:
        got = f"a value that the check could not use ({type(error).__name__}: {error})"
        rule = "the values have the types that the statement names"
        status, failure = ERROR, _failure(check, got, rule, peer.asked)
    return CheckResult(check.title, check.points, status, failure)


def _remote(check: Check, task: Task, error: RemoteError, asked: Asked) -> tuple[str, Failure]:
    names = " and ".join(f"`{name}`" for name in task.defines)
    if is_unwritten(error):
        failure = Failure(
            check.title,
            "the answer is not written yet",
            f"{names}",
            "Write the answer in the cell above.",
            "",
        )
        return UNWRITTEN, failure
    got = f"{error.type_name}: {error.message}" + (f" ({error.where})" if error.where else "")
    return ERROR, _failure(check, got, "the code runs without an error here", asked)


def _failure(check: Check, got: str, rule: str, asked: Asked) -> Failure:
    advice = (
        f'Try the example of the statement in a cell of your own; `hint("{check.task}")` gives a first idea.'
    )
    tried = asked.words or check.title
    return Failure(tried, got, "the check to run to its end", rule[0].upper() + rule[1:] + ".", advice)


def _fixtures(check: Check, student: Student, room: Room, expect: Expect, seed: int) -> dict[str, Any]:
    """Make the fixtures that the check's function names. Each check has its own seed, whatever ran before."""
    digest = hashlib.sha256(f"{seed} {check.task} {check.title}".encode()).digest()
    own_seed = int.from_bytes(digest[:4], "big")

    def generator() -> Any:
        import torch

        return torch.Generator().manual_seed(own_seed)

    available: dict[str, Callable[[], Any]] = {
        "student": lambda: student,
        "room": lambda: room,
        "expect": lambda: expect,
        "seed": lambda: own_seed,
        "generator": generator,
        "rng": lambda: random.Random(own_seed),
    }
    return {name: available[name]() for name in inspect.signature(check.function).parameters}
