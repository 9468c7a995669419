"""What a student has reached so far, kept in `work/progress.json`."""

import json
import os
from pathlib import Path

from course_lib.classroom.exercises.runner import TaskResult


def progress_file(course: Path) -> Path:
    return course / "work" / "progress.json"


def read_progress(course: Path) -> dict[str, int]:
    """Return the points of each task that was checked: `{"03.2": 4}`. A broken file counts as none."""
    try:
        stored = json.loads(progress_file(course).read_text(encoding="utf-8"))
        return {str(number): int(points) for number, points in stored.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def record_progress(course: Path, results: list[TaskResult]) -> None:
    """Store the points that the last check of each task gave. A read-only folder is no error."""
    _write(course, read_progress(course) | {result.task.number: result.earned for result in results})


def forget_progress(course: Path, number: str) -> None:
    """Forget the points of a task."""
    _write(course, {task: points for task, points in read_progress(course).items() if task != number})


def _write(course: Path, points: dict[str, int]) -> None:
    path = progress_file(course)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(dict(sorted(points.items())), indent=1), encoding="utf-8")
        os.replace(draft, path)
    except OSError:
        return
