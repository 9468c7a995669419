"""Grade one submission: run its cells in a process of its own, then the checks against it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from course_lib import platform
from course_lib.classroom.exercises.errors import RemoteError
from course_lib.classroom.exercises.expectations import Failure
from course_lib.classroom.exercises.runner import CRASHED, NOT_RUN, TIMEOUT, CheckResult, TaskResult, run_task
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.exercises.transport import DeadlinePassed
from course_lib.classroom.exercises.wire import WireError
from course_lib.classroom.grading.hidden import split
from course_lib.classroom.grading.intake import Submission
from course_lib.classroom.grading.reviews import review
from course_lib.classroom.grading.session import CellOutcome, CodeCell, Limits, Session, SessionLost

#: How a process for a student's code is started; raises SessionLost or RuntimeError like `Session`.
Opener = Callable[[Limits], Session]


@dataclass
class Verdict:
    """What a submission earned.

    Attributes:
        status: "graded", "partial" (a task has no answer cell), "timeout", "crashed" or "rejected".
        note: a line for the instructor.
        cells: the cells that did not run well.
        ran: whether the notebook ran from top to bottom without an error.
        found: how each task's answer was found.
        notes: more lines for the instructor, about the file.
        reviews: answers that seem to be the library's own.
        seconds: how long it all took.
    """

    tasks: list[TaskResult] = field(default_factory=list)
    status: str = "graded"
    note: str = ""
    cells: list[CellOutcome] = field(default_factory=list)
    ran: bool = False
    found: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    reviews: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def score(self) -> int:
        return sum(result.earned for result in self.tasks)


class JudgeBounds:
    """The time for a check: a deadline on the wire, and an alarm for the judge itself soon after.

    A check may compute with what it was given: `range(10**12)` crosses in no time, to list it takes forever.
    """

    _MARGIN_SECONDS = 5

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(self, seconds: float) -> None:
        self._session.start(seconds)
        platform.start_alarm(seconds + self._MARGIN_SECONDS, _ring)

    def stop(self) -> None:
        platform.stop_alarm()
        self._session.stop()


def _ring() -> None:
    raise DeadlinePassed


def judge(
    exercise: Exercise,
    submission: Submission,
    *,
    seed: int = 0,
    limits: Limits | None = None,
    only: Sequence[str] | None = None,
    opener: Opener = Session,
) -> Verdict:
    """Run the checks of the exercise against a submission. What hangs or dies costs its own task only.

    Args:
        seed: the inputs of the checks vary with it.
        only: the numbers of the tasks to check; None means all.
        opener: starts the process for the student's code.
    """
    limits = limits or Limits()
    start = time.monotonic()
    verdict = Verdict(found=dict(submission.found), notes=list(submission.notes))
    verdict.reviews = review(submission.cells, exercise)
    missing = [number for number, way in submission.found.items() if not way]
    if missing:
        verdict.status, verdict.note = "partial", f"no answer cell for {', '.join(missing)}"
    public, hidden = split(exercise)
    numbers = [task.number for task in exercise.tasks if only is None or task.number in only]
    _judge_part(public, numbers, submission.cells, seed, limits, opener, verdict)
    if hidden.checks:
        # In a process of their own, after all others: what code has seen of a hidden check's inputs it could
        # write into the message of a later public one.
        seen, verdict.tasks = verdict.tasks, []
        cells, ran = verdict.cells, verdict.ran
        _judge_part(hidden, numbers, submission.cells, seed, limits, opener, verdict)
        verdict.tasks = [replace(a, checks=a.checks + b.checks) for a, b in zip(seen, verdict.tasks)]
        verdict.cells, verdict.ran = cells, ran
    verdict.seconds = round(time.monotonic() - start, 3)
    return verdict


def _judge_part(
    exercise: Exercise,
    numbers: Sequence[str],
    cells: Sequence[CodeCell],
    seed: int,
    limits: Limits,
    opener: Opener,
    verdict: Verdict,
) -> None:
    """Run the checks of an exercise's tasks, and add the results to the verdict."""
    session: Session | None = None
    try:
        for number in numbers:
            if session is None:
                session = _open(opener, cells, limits, verdict)
            if session is None:  # its cells cannot be run to the end: no later task can be asked
                verdict.tasks.append(_unproven(exercise, number, verdict))
                continue
            bounds = JudgeBounds(session)
            result = run_task(exercise, number, session.peer, seed=seed, bounds=bounds)
            verdict.tasks.append(result)
            lost = [check.status for check in result.checks if check.status in (TIMEOUT, CRASHED)]
            if lost:
                verdict.status = lost[0]
                verdict.note = (
                    f"{number}: {'an endless check' if lost[0] == TIMEOUT else 'the program ended'}"
                )
                session.close()
                session = None
    finally:
        if session is not None:
            session.close()


def _open(opener: Opener, cells: Sequence[CodeCell], limits: Limits, verdict: Verdict) -> Session | None:
    """Start a process and run the cells. A cell that hangs or ends it is left out of a second run."""
    cells = list(cells)
    lost: list[CellOutcome] = []
    for _ in range(3):
        session = opener(limits)
        try:
            outcomes = session.run(cells)
        except SessionLost as error:
            session.close()
            bad = error.outcomes[-1]
            lost.append(bad)
            verdict.status, verdict.note = error.reason, f"cell {bad.label}: {bad.error}"
            del cells[len(error.outcomes) - 1]
        except (RemoteError, WireError) as error:  # it answers, but not as our own code would
            session.close()
            lost.append(CellOutcome("all", f"the process was tampered with ({type(error).__name__})"))
            verdict.status, verdict.note = "crashed", lost[-1].error
            break
        except BaseException:
            session.close()
            raise
        else:
            verdict.cells = lost + [outcome for outcome in outcomes if outcome.error]
            verdict.ran = not verdict.cells
            return session
    verdict.cells, verdict.ran = lost, False
    return None


def _unproven(exercise: Exercise, number: str, verdict: Verdict) -> TaskResult:
    checks = tuple(
        CheckResult(
            check.title,
            check.points,
            NOT_RUN,
            Failure(
                check.title,
                f"the notebook does not run ({verdict.note})",
                "cells that end",
                "Missing evidence earns nothing.",
                "Restart the kernel and run all cells.",
            ),
        )
        for check in exercise.checks_of(number)
    )
    return TaskResult(exercise.task(number), checks)
