"""A verdict as plain data and back: so it crosses to other processes and into the journal, never pickled."""

from dataclasses import asdict
from typing import Any

from course_lib.classroom.exercises.result_data import results_from_data, results_to_data
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.grading.judge import Verdict
from course_lib.classroom.grading.session import CellOutcome
from course_lib.classroom.grading.visible import all_visible

_PLAIN = ("status", "note", "ran", "found", "notes", "reviews", "seconds")


def verdict_to_data(verdict: Verdict) -> dict[str, Any]:
    """Turn a verdict into plain data. All text in it, some of which is a student's, becomes visible."""
    data: dict[str, Any] = {name: getattr(verdict, name) for name in _PLAIN}
    data["cells"] = [asdict(cell) for cell in verdict.cells]
    data["tasks"] = results_to_data(verdict.tasks)
    shown: dict[str, Any] = all_visible(data)
    return shown


def verdict_from_data(data: dict[str, Any], exercise: Exercise) -> Verdict:
    """Turn plain data back into a verdict.

    Raises:
        KeyError, TypeError, ValueError: when the data are none of a verdict on this exercise.
    """
    verdict = Verdict(**{name: data[name] for name in _PLAIN})
    verdict.cells = [CellOutcome(**cell) for cell in data["cells"]]
    verdict.tasks = results_from_data(data["tasks"], exercise)
    return verdict
