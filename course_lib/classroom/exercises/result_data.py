"""Results as plain data and back: they cross between processes as JSON, never pickled."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from course_lib.classroom.exercises.expectations import Failure
from course_lib.classroom.exercises.runner import CheckResult, TaskResult
from course_lib.classroom.exercises.tasks import Exercise


def results_to_data(results: Sequence[TaskResult]) -> list[dict[str, Any]]:
    """Turn results into lists and dictionaries of plain values."""
    return [
        {"task": result.task.number, "checks": [asdict(check) for check in result.checks]}
        for result in results
    ]


def results_from_data(data: Sequence[dict[str, Any]], exercise: Exercise) -> list[TaskResult]:
    """Turn plain data back into results.

    Raises:
        KeyError, TypeError, ValueError: when the data are none of results of this exercise.
    """
    return [
        TaskResult(exercise.task(each["task"]), tuple(_check(check) for check in each["checks"]))
        for each in data
    ]


def _check(data: dict[str, Any]) -> CheckResult:
    failure = data["failure"]
    return CheckResult(**data | {"failure": None if failure is None else Failure(**failure)})
