"""The `course` command as a student and an instructor type it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.classroom.authoring.release import release
from course_lib.classroom.exercises.notebooks import (
    exercise_file,
    read_notebook,
    solution_source,
    write_notebook,
)
from course_lib.classroom.exercises.tasks import root

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that a class gets."""
    folder = tmp_path_factory.mktemp("class") / "course"
    release(root(), folder)
    return folder


def course(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "120", "PYTHONUTF8": "1"}
    environment.pop("COURSE_RAISE", None)
    return subprocess.run(
        [sys.executable, "-m", "course_lib.cli", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def solve(copy: Path, number: str, solved: str) -> Path:
    """Make the student's copy of an exercise, with the course's own answer to one task."""
    from course_lib.classroom.exercises.work import open_copy

    path = open_copy(copy, "exercises", number)
    notebook = read_notebook(path)
    for cell in notebook["cells"]:
        if cell["metadata"].get("course") == {"task": solved, "role": "answer"}:
            cell["source"] = solution_source(root(), solved)
    write_notebook(path, notebook)
    return path


def test_a_release_has_no_answers(copy: Path) -> None:
    assert not (copy / "solutions").exists()
    assert not (copy / "tests" / "exercises" / "answers").exists()
    assert exercise_file(copy / "exercises", "03") is not None
    text = "".join(path.read_text(encoding="utf-8") for path in (copy / "exercises").glob("*.ipynb"))
    assert "BEGIN SOLUTION" not in text


def test_a_release_never_mixes_with_what_is_there(copy: Path) -> None:
    result = course(copy, "release", str(copy.parent))
    assert result.returncode == 2
    assert "not an empty folder" in result.stderr


def test_a_students_way_through_the_commands(copy: Path) -> None:
    result = course(copy, "check", "02")
    assert result.returncode == 2
    assert "course lab 02 -e" in result.stderr
    path = solve(copy, "02", "02.1")
    result = course(copy, "check", "02.1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "✓ 02.1" in result.stdout
    result = course(copy, "check", "02")
    assert result.returncode == 1
    assert "Not written yet" in result.stdout
    result = course(copy, "list")
    assert "●" in result.stdout
    assert "○" in result.stdout
    result = course(copy, "hint", "02.1")
    assert "Hint 1 of" in result.stdout
    result = course(copy, "hint", "02.1", "99")
    assert result.returncode == 2
    result = course(copy, "solution", "02.1")
    assert result.returncode == 2
    assert "without solutions" in result.stderr
    solved = path.read_text(encoding="utf-8")
    result = course(copy, "reset", "02.1")
    assert result.returncode == 0
    assert "NotImplementedError" in path.read_text(encoding="utf-8")
    assert re.search(r"map style datasets\s+│ ○○○○○\s+│ 0/", course(copy, "list").stdout)
    kept = list((copy / "work" / "kept").glob("02_*.ipynb"))
    assert [each.read_text(encoding="utf-8") for each in kept] == [solved]


def test_an_instructors_way(copy: Path, tmp_path: Path) -> None:
    path = solve(copy, "03", "03.1")
    (tmp_path / "in" / "ann").mkdir(parents=True)
    (tmp_path / "in" / "ann" / "homework.ipynb").write_bytes(path.read_bytes())
    (tmp_path / "in" / "bob.ipynb").write_text("not a notebook")
    words = ("grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--trust-submissions")
    result = course(root(), *words)
    assert result.returncode == 0, result.stdout + result.stderr
    rows = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    scores = {row["student"]: (row["score"] > 0, row["status"]) for row in rows}
    assert scores == {"ann": (True, "graded"), "bob": (False, "rejected")}


def test_the_course_solution_is_shown_where_it_is_at_hand() -> None:
    result = course(root(), "solution", "02.1")
    assert result.returncode == 0
    assert "class ListDataset" in result.stdout
    assert "SOLUTION" not in result.stdout


@pytest.mark.parametrize(
    "words", [("check", "77"), ("hint", "03.99"), ("lab", "99"), ("grade", "nowhere", "--out", "x")]
)
def test_mistakes_are_one_clear_line(copy: Path, words: tuple[str, ...]) -> None:
    result = course(copy, *words)
    assert result.returncode in (0, 2)
    assert "Traceback" not in result.stderr
    assert result.stderr or "rejected" in result.stdout
