"""One submission to judge, as plain data: what a worker process needs, and what it answers.

Workers are processes of our own that judge; each starts further ones for students' code. Between them and the
class run travel lines of JSON.
"""

import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course_lib.classroom.exercises.tasks import Exercise, load_exercise
from course_lib.classroom.grading.fingerprints import checks_digest, environment
from course_lib.classroom.grading.hidden import with_hidden
from course_lib.classroom.grading.intake import Submission
from course_lib.classroom.grading.judge import judge
from course_lib.classroom.grading.records import verdict_to_data
from course_lib.classroom.grading.session import CodeCell, Limits
from course_lib.classroom.grading.tiers import opener_of
from course_lib.classroom.grading.under_nbval import run_under_nbval
from course_lib.classroom.grading.visible import visible_line


@dataclass(frozen=True)
class Order:
    """What all submissions of a run have in common.

    Attributes:
        number: the exercise.
        course: the folder that holds `tests/exercises/`.
        hidden: the folder of hidden checks, or an empty text.
        checks, environment: what the worker must find at its own place too.
        nbval: run each notebook under nbval as well.
    """

    number: str
    course: str
    hidden: str
    limits: dict[str, Any]
    tier: str
    checks: str
    environment: dict[str, str]
    nbval: bool = False

    def exercise(self) -> Exercise:
        """Load the exercise with its hidden checks."""
        folder = Path(self.hidden) if self.hidden else None
        return with_hidden(load_exercise(self.number, Path(self.course)), folder)


@dataclass(frozen=True)
class Job:
    """One student's notebook: the cells to run and the seed of the checks' inputs."""

    student: str
    submission: Submission
    seed: int

    def to_data(self) -> dict[str, Any]:
        """Write the job as plain data."""
        return asdict(self)


def job_from_data(data: dict[str, Any]) -> Job:
    """Read what `Job.to_data` wrote."""
    written = data["submission"]
    cells = tuple(CodeCell(c["label"], c["source"], tuple(c["hidden"])) for c in written["cells"])
    submission = Submission(cells, written["found"], tuple(written["notes"]), written["digest"])
    return Job(data["student"], submission, data["seed"])


def check_place(order: Order, exercise: Exercise) -> None:
    """Refuse to judge where checks, versions or tier are others: the grades would not be comparable.

    Raises:
        ValueError: with what differs.
    """
    if checks_digest(exercise) != order.checks:
        raise ValueError(
            f"the checks of exercise {order.number} in {order.course} are others on this machine"
        )
    here = environment()
    other = [
        f"{name} {here.get(name)} instead of {value}"
        for name, value in order.environment.items()
        if here.get(name) != value
    ]
    if other:
        raise ValueError(f"this machine has {', '.join(other)}: install the same versions on all machines")
    opener_of(order.tier)


def do_job(job: Job, order: Order, exercise: Exercise) -> dict[str, Any]:
    """Judge one submission. One that breaks the judge must not take the class with it.

    Returns:
        {"verdict": a verdict as plain data}, or {"trouble": why there is none}.
    """
    limits = Limits(**order.limits)
    opener = opener_of(order.tier)
    try:
        verdict = judge(exercise, job.submission, seed=job.seed, limits=limits, opener=opener)
        if order.nbval:
            verdict.notes.append(run_under_nbval(job.submission.cells, limits, opener))
    except Exception as error:
        traceback.print_exc()
        return {"trouble": visible_line(f"{type(error).__name__}: {error}")[:500]}
    return {"verdict": verdict_to_data(verdict)}
