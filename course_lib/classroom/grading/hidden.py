"""Hidden checks: an instructor's own, beside the public ones, of which students see title and hint only.

They stand in a folder of the instructor's, in files `test_NN_*.py` written like those in `tests/exercises/`;
the first line of a check's docstring is its hint.
"""

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from course_lib.classroom.exercises.expectations import Failure
from course_lib.classroom.exercises.runner import FAILED, CheckResult, TaskResult
from course_lib.classroom.exercises.tasks import Check, Exercise


@dataclass(frozen=True)
class HiddenCheck(Check):
    """A check of which students see the title and the hint."""

    hint: str = ""


def with_hidden(exercise: Exercise, folder: Path | None) -> Exercise:
    """Return the exercise with the checks that a folder adds to it.

    Raises:
        ValueError: when the folder has none for this exercise, or one has the title of another.
    """
    if folder is None:
        return exercise
    files = sorted(folder.glob(f"test_{exercise.number}_*.py"))
    found = [check for path in files for check in _checks_in(path)]
    if not found:
        raise ValueError(
            f"{folder} holds no hidden check for exercise {exercise.number}: they stand in a file "
            f"test_{exercise.number}_NAME.py, each declared with @graded as in tests/exercises/."
        )
    taken = {(check.task, check.title) for check in exercise.checks}
    for check in found:
        exercise.task(check.task)
        if (check.task, check.title) in taken:
            raise ValueError(f"two checks of {check.task} have the title {check.title!r}: give each its own.")
        taken.add((check.task, check.title))
    return replace(exercise, checks=[*exercise.checks, *found])


def split(exercise: Exercise) -> tuple[Exercise, Exercise]:
    """Return the exercise with its public checks only, and with its hidden ones only."""
    hidden: list[Check] = [check for check in exercise.checks if isinstance(check, HiddenCheck)]
    public = [check for check in exercise.checks if not isinstance(check, HiddenCheck)]
    return replace(exercise, checks=public), replace(exercise, checks=hidden)


def for_student(exercise: Exercise, results: list[TaskResult]) -> list[TaskResult]:
    """Return results as a student may see them: hidden checks by title and hint only."""
    hints = {(c.task, c.title): c.hint for c in exercise.checks if isinstance(c, HiddenCheck)}
    return [
        replace(result, checks=tuple(_redacted(check, result.task.number, hints) for check in result.checks))
        for result in results
    ]


def _redacted(check: CheckResult, task: str, hints: dict[tuple[str, str], str]) -> CheckResult:
    hint = hints.get((task, check.title))
    if hint is None or check.failure is None:
        return check
    return replace(check, status=FAILED, failure=Failure(check.title, "", "", "", hint))


def _checks_in(path: Path) -> Iterator[HiddenCheck]:
    name = f"course_hidden_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    for value in vars(module).values():
        check = getattr(value, "graded_check", None)
        if isinstance(check, Check):
            words = inspect.getdoc(check.function) or ""
            hint = words.split("\n")[0] or f'`hint("{check.task}")` helps to begin.'
            yield HiddenCheck(check.task, check.title, check.points, check.seconds, check.function, hint)
