"""A course of one small exercise, and submissions to it, for the tests of grading."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
import small_course
from small_course import EXERCISE, SQUARES, TOTAL, notebook

from course_lib.classroom.grading.session import Limits

__all__ = ["EXERCISE", "GOOD", "LIMITS", "SQUARES", "TOTAL", "hand_in", "make_course", "notebook", "rows_of"]

LIMITS = Limits(cell_seconds=3, memory_bytes=2 * 1024**3)
GOOD = notebook(("99.1", SQUARES), ("99.2", TOTAL))


def make_course(folder: Path) -> Path:
    """Write a course whose exercise 99 is the small one. Returns its folder."""
    checks = folder / "tests" / "exercises"
    checks.mkdir(parents=True)
    text = Path(small_course.__file__).read_text(encoding="utf-8")
    (checks / "test_99_small.py").write_text(text, encoding="utf-8")
    return folder


def hand_in(path: Path, document: Any) -> Path:
    """Write a notebook, a text or bytes to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(document, bytes):
        path.write_bytes(document)
    else:
        text = document if isinstance(document, str) else json.dumps(document)
        path.write_text(text, encoding="utf-8")
    return path


def rows_of(out: Path) -> dict[str, dict[str, str]]:
    """Return the lines of a table of grades by student."""
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}
