"""Make an exercise notebook from its solution notebook: roles, header lines, stubs.

Roles are found by form: a cell `check("03.2")` checks, code cells with solution markers before it answer, a
markdown cell that begins with `## 03.2` states. So an author needs no metadata by hand.
"""

import copy
import re
from typing import Any

from course_lib.classroom.authoring.normalise import normalise
from course_lib.classroom.exercises.notebooks import BEGIN, digest, source_of, stub_of
from course_lib.classroom.exercises.tasks import Exercise, Task

_CHECK = re.compile(r"""^check\(\s*["'](\d\d\.\d+)["']\s*\)""")
_STATEMENT = re.compile(r"^##\s+(\d\d\.\d+)\b.*\n?")
_HEADER = re.compile(r"^\s*\*\d+ points?\b[^\n]*\*[ \t]*\n?")


def labelled(notebook: dict[str, Any], exercise: Exercise) -> dict[str, Any]:
    """Return the solution notebook with metadata, ids, header lines and no outputs.

    Raises:
        ValueError: when a task has no statement, answer or check, or a cell names an unknown task.
    """
    notebook = copy.deepcopy(notebook)
    seen: dict[tuple[str, str], int] = {}
    waiting: list[dict[str, Any]] = []
    for cell in notebook["cells"]:
        cell.setdefault("metadata", {}).pop("course", None)
        source = source_of(cell)
        statement, check = _STATEMENT.match(source), _CHECK.match(source.strip())
        if cell["cell_type"] == "markdown" and statement:
            task = exercise.task(statement[1])
            cell["source"] = header(exercise, task) + _HEADER.sub(
                "", source[statement.end() :], count=1
            ).lstrip("\n")
            _mark(cell, task.number, "statement", seen)
        elif cell["cell_type"] == "code" and check:
            task = exercise.task(check[1])
            for answer in waiting:
                _mark(answer, task.number, "answer", seen)
            waiting = []
            _mark(cell, task.number, "check", seen)
        elif cell["cell_type"] == "code" and BEGIN in source:
            waiting.append(cell)
    missing = [
        f"{t.number} {role}" for t in exercise.tasks for role in ROLE_ORDER if (t.number, role) not in seen
    ]
    if missing or waiting:
        raise ValueError(
            f"the solutions of exercise {exercise.number} lack these cells: {', '.join(missing) or 'check'}. "
            'A task is a markdown cell "## NN.k · Title", code with solution markers, and check("NN.k").'
        )
    notebook.setdefault("metadata", {})["course"] = {"exercise": exercise.number}
    return normalise(notebook, outputs=False)


ROLE_ORDER = ("statement", "answer", "check")


def header(exercise: Exercise, task: Task) -> str:
    """Return the heading of a task and the line of its numbers."""
    points = exercise.points(task.number)
    words = f"{points} point" if points == 1 else f"{points} points"
    return (
        f"## {task.number} · {task.title}\n\n*{words} · difficulty {task.difficulty}/5 · "
        f"importance {task.importance}/5 · about {task.minutes} minutes*\n\n"
    )


def generated(solution: dict[str, Any]) -> dict[str, Any]:
    """Return the exercise notebook of a labelled solution notebook: stubs instead of answers."""
    notebook = copy.deepcopy(solution)
    for cell in notebook["cells"]:
        if cell["metadata"].get("course", {}).get("role") == "answer":
            cell["source"] = stub_of(source_of(cell))
    texts = [source_of(cell) for cell in notebook["cells"]]
    notebook["metadata"]["course"]["version"] = digest(*texts)
    return notebook


def _mark(cell: dict[str, Any], number: str, role: str, seen: dict[tuple[str, str], int]) -> None:
    count = seen[number, role] = seen.get((number, role), 0) + 1
    cell["metadata"]["course"] = {"task": number, "role": role}
    cell["id"] = f"{role}-{number.replace('.', '-')}" + (f"-{count}" if count > 1 else "")
