"""What a class run writes: `grades.csv`, `results.json` and a feedback text per student."""

import csv
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course_lib.classroom.exercises.cards import result_card
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.grading.judge import Verdict

COLUMNS = ("student", "score", "max_score", "percent", "status", "tier", "late")


@dataclass(frozen=True)
class Graded:
    """One line of the report."""

    student: str
    file: str
    verdict: Verdict
    late: str = ""


def write_reports(out: Path, exercise: Exercise, graded: Sequence[Graded], tier: str) -> None:
    """Write all reports into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    rows = [_row(exercise, each, tier) for each in graded]
    with (out / "grades.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*COLUMNS, *(task.number for task in exercise.tasks)])
        writer.writeheader()
        writer.writerows({key: _defused(value) for key, value in row.items()} for row in rows)
    details = [_details(row, each) for row, each in zip(rows, graded)]
    (out / "results.json").write_text(json.dumps(details, indent=1, ensure_ascii=False), encoding="utf-8")
    feedback = out / "feedback"
    feedback.mkdir(exist_ok=True)
    taken: set[str] = set()
    for row, each in zip(rows, graded):
        name = _file_name(each.student, taken)
        (feedback / name).write_text(_feedback(row, each), encoding="utf-8")


def _row(exercise: Exercise, graded: Graded, tier: str) -> dict[str, Any]:
    score, possible = graded.verdict.score, exercise.points()
    earned = {result.task.number: result.earned for result in graded.verdict.tasks}
    row: dict[str, Any] = {
        "student": graded.student,
        "score": score,
        "max_score": possible,
        "percent": f"{100 * score / possible:.1f}" if possible else "0.0",
        "status": graded.verdict.status,
        "tier": tier,
        "late": graded.late,
    }
    return row | {task.number: earned.get(task.number, 0) for task in exercise.tasks}


def _details(row: dict[str, Any], graded: Graded) -> dict[str, Any]:
    tasks = [
        {
            "task": result.task.number,
            "title": result.task.title,
            "earned": result.earned,
            "points": result.points,
            "checks": [asdict(check) for check in result.checks],
        }
        for result in graded.verdict.tasks
    ]
    cells = [asdict(cell) for cell in graded.verdict.cells]
    return row | {"file": graded.file, "note": graded.verdict.note, "cells": cells, "tasks": tasks}


def _feedback(row: dict[str, Any], graded: Graded) -> str:
    lines = [f"{graded.student}: {row['score']} of {row['max_score']} points ({row['status']})"]
    if graded.verdict.note:
        lines.append(graded.verdict.note)
    lines += [f"Cell {cell.label}: {cell.error}" for cell in graded.verdict.cells]
    if graded.verdict.tasks:
        lines += ["", result_card(graded.verdict.tasks).text]
    return "\n".join(lines) + "\n"


def _defused(value: Any) -> Any:
    """Keep a spreadsheet from reading a student's name as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _file_name(student: str, taken: set[str]) -> str:
    stem = re.sub(r"[^\w.-]+", "_", student).strip("._")[:80] or "student"
    name, count = f"{stem}.txt", 1
    while name.lower() in taken or os.path.basename(name) != name:
        count += 1
        name = f"{stem}_{count}.txt"
    taken.add(name.lower())
    return name
