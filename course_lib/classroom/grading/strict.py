"""What `check("08.2", strict=True)` starts: the grader's own way for one notebook, from file to verdict.

    python -m course_lib.classroom.grading.strict COURSE NOTEBOOK 08.1 08.2

It prints one line of JSON: the results, or why the notebook was rejected.
"""

import json
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from course_lib.classroom.exercises.runner import PASSED, TaskResult
from course_lib.classroom.exercises.tasks import load_exercise
from course_lib.classroom.grading.intake import Rejected, read_submission
from course_lib.classroom.grading.judge import judge
from course_lib.classroom.grading.records import verdict_to_data

_PRACTICE_SEED = 0


def check_officially(course: Path, path: Path, numbers: Sequence[str]) -> dict[str, Any]:
    """Judge tasks of a notebook twice: on the inputs that practice uses, and on inputs nobody has seen.

    Returns:
        A verdict as plain data, or {"rejected": why}.
    """
    exercise = load_exercise(numbers[0][:2], course)
    try:
        submission = read_submission(path, exercise)
    except Rejected as reason:
        return {"rejected": str(reason)}
    first, second = (
        judge(exercise, submission, seed=seed, only=numbers)
        for seed in (_PRACTICE_SEED, secrets.randbits(32))
    )
    first.tasks = [_worse(left, right) for left, right in zip(first.tasks, second.tasks)]
    return verdict_to_data(first)


def _worse(left: TaskResult, right: TaskResult) -> TaskResult:
    """Of each check keep the result that did not pass, if one did not."""
    checks = tuple(a if a.status != PASSED else b for a, b in zip(left.checks, right.checks))
    return replace(left, checks=checks)


def main() -> None:
    """Print the verdict on the notebook that the command names."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a check may print is no part of the answer
    course, path, *numbers = sys.argv[1:]
    print(json.dumps(check_officially(Path(course), Path(path), numbers)), file=answers, flush=True)


if __name__ == "__main__":
    main()
