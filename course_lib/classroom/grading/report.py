"""What a class run writes: a table of grades, all results as JSON and JUnit, pages for students and class."""

import csv
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from course_lib.classroom.exercises.cards import result_card
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.grading.class_page import class_page
from course_lib.classroom.grading.feedback_page import feedback_page
from course_lib.classroom.grading.graded import Graded, Run
from course_lib.classroom.grading.gradescope import gradescope
from course_lib.classroom.grading.hidden import HiddenCheck, for_student
from course_lib.classroom.grading.junit import junit
from course_lib.classroom.grading.stamp import stamp

COLUMNS = ("student", "score", "max_score", "percent", "status", "tier", "late")
#: Columns that stand at the end, where some student has something in them.
EXTRA_COLUMNS = ("runs", "penalty", "review")


def write_reports(out: Path, exercise: Exercise, graded: Sequence[Graded], run: Run) -> None:
    """Write all reports into the folder `out`; each file whole or not at all."""
    rows = [_row(exercise, each, run) for each in graded]
    details = [_details(exercise, row, each, run) for row, each in zip(rows, graded)]
    _write(out / "grades.csv", _table(exercise, rows))
    _write(out / "results.json", json.dumps(details, indent=1, ensure_ascii=False))
    _write(out / "junit.xml", junit(exercise, graded))
    _write(out / "class.html", class_page(exercise, graded, run))
    taken: set[str] = set()
    for row, each in zip(rows, graded):
        name = _file_name(each.student, taken)
        _write(out / "feedback" / f"{name}.txt", _feedback(exercise, row, each))
        _write(out / "feedback" / f"{name}.html", feedback_page(exercise, each, run))
        _write(out / "gradescope" / f"{name}.json", gradescope(exercise, each, run))


def _row(exercise: Exercise, graded: Graded, run: Run) -> dict[str, Any]:
    possible = exercise.points() + run.run_points
    earned = {result.task.number: result.earned for result in graded.verdict.tasks}
    row: dict[str, Any] = {
        "student": graded.student,
        "score": graded.score,
        "max_score": possible,
        "percent": f"{100 * graded.score / possible:.1f}" if possible else "0.0",
        "status": graded.verdict.status,
        "tier": run.tier,
        "late": graded.late,
    }
    row |= {task.number: earned.get(task.number, 0) for task in exercise.tasks}
    if run.run_points:
        row["runs"] = graded.run_points
    if run.late_policy:
        row["penalty"] = f"{graded.penalty:g}"
    if graded.verdict.reviews:
        row["review"] = "; ".join(graded.verdict.reviews)
    return row


def _table(exercise: Exercise, rows: Sequence[dict[str, Any]]) -> str:
    extra = [name for name in EXTRA_COLUMNS if any(name in row for row in rows)]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, [*COLUMNS, *(task.number for task in exercise.tasks), *extra], restval="")
    writer.writeheader()
    writer.writerows({key: _defused(value) for key, value in row.items()} for row in rows)
    return file.getvalue()


def _details(exercise: Exercise, row: dict[str, Any], graded: Graded, run: Run) -> dict[str, Any]:
    hidden = {(check.task, check.title) for check in exercise.checks if isinstance(check, HiddenCheck)}
    verdict = graded.verdict
    tasks = [
        {
            "task": result.task.number,
            "title": result.task.title,
            "earned": result.earned,
            "points": result.points,
            "found": verdict.found.get(result.task.number, ""),
            "checks": [
                asdict(check) | {"hidden": (result.task.number, check.title) in hidden}
                for check in result.checks
            ],
        }
        for result in verdict.tasks
    ]
    details = row | {
        "file": graded.file,
        "note": graded.note,
        "cells": [asdict(cell) for cell in verdict.cells],
        "tasks": tasks,
        "ran": verdict.ran,
        "reviews": verdict.reviews,
        "earned": graded.earned,
        "submission": graded.submission,
        "seed": graded.seed,
        "checks": run.checks,
        "environment": dict(run.environment),
        "seconds": verdict.seconds,
    }
    return details if run.stamp_key is None else details | {"stamp": stamp(details, run.stamp_key)}


def _feedback(exercise: Exercise, row: dict[str, Any], graded: Graded) -> str:
    lines = [f"{graded.student}: {row['score']} of {row['max_score']} points ({row['status']})"]
    if graded.late:
        lines.append(f"Days late: {graded.late}; points taken: {graded.penalty:g}")
    if graded.note:
        lines.append(graded.note)
    lines += [f"Cell {cell.label}: {cell.error}" for cell in graded.verdict.cells]
    if graded.verdict.tasks:
        lines += ["", result_card(for_student(exercise, graded.verdict.tasks)).text]
    return "\n".join(lines) + "\n"


def _defused(value: Any) -> Any:
    """Keep a spreadsheet from reading a student's name as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, so that an interrupted run leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8", newline="")
    os.replace(draft, path)


def _file_name(student: str, taken: set[str]) -> str:
    stem = re.sub(r"[^\w.-]+", "_", student).strip("._")[:80] or "student"
    name, count = stem, 1
    while name.lower() in taken:
        count += 1
        name = f"{stem}_{count}"
    taken.add(name.lower())
    return name
