"""The ready-made autograders for GitHub Classroom and Gradescope, as far as one machine can try them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from course_lib.classroom.exercises.notebooks import (
    exercise_file,
    read_notebook,
    solution_source,
    write_notebook,
)
from course_lib.classroom.exercises.tasks import root

READY = root() / "grading"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bash") is None, reason="these are scripts for bash"),
]


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    """Exercise 03 with one task solved."""
    source = exercise_file(root() / "exercises", "03")
    assert source is not None
    if not solution_source(root(), "03.1"):
        pytest.skip("this copy of the course comes without solutions")
    notebook = read_notebook(source)
    for cell in notebook["cells"]:
        if cell["metadata"].get("course") == {"task": "03.1", "role": "answer"}:
            cell["source"] = solution_source(root(), "03.1")
    path = tmp_path / "handed" / source.name
    write_notebook(path, notebook)
    return path


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """A `course` command of this very tree."""
    path = tmp_path / "bin" / "course"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{root()}" exec "{sys.executable}" -m course_lib.cli "$@"\n')
    path.chmod(0o755)
    return path


def run(script: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", str(script), *words],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def autograde(folder: Path, command: Path) -> Any:
    finished = run(
        READY / "gradescope" / "run_autograder",
        AUTOGRADER=str(folder),
        COURSE=str(command),
        PYTHON=sys.executable,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads((folder / "results" / "results.json").read_text(encoding="utf-8"))


def test_gradescope_gets_points_for_what_is_right(tmp_path: Path, solved: Path, command: Path) -> None:
    folder = tmp_path / "autograder"
    (folder / "submission").mkdir(parents=True)
    shutil.copy(solved, folder / "submission" / "my homework.ipynb")
    (folder / "submission_metadata.json").write_text('{"users": [{"id": 4711, "name": "$(touch x)"}]}')
    result = autograde(folder, command)
    passed = [test for test in result["tests"] if test["status"] == "passed"]
    assert {test["number"] for test in passed} == {"03.1"}
    assert result["score"] == sum(test["max_score"] for test in passed) > 0


def test_gradescope_gets_a_sentence_when_nothing_was_handed_in(tmp_path: Path, command: Path) -> None:
    folder = tmp_path / "autograder"
    (folder / "submission").mkdir(parents=True)
    (folder / "submission" / "answer.pdf").write_text("x")
    result = autograde(folder, command)
    assert result["score"] == 0
    assert "one .ipynb file" in result["output"]


def test_github_grades_what_lies_in_handin(tmp_path: Path, solved: Path, command: Path) -> None:
    workflow = yaml.safe_load((READY / "github-classroom.yml").read_text(encoding="utf-8"))
    (step,) = [step for step in workflow["jobs"]["grade"]["steps"] if step.get("name") == "Grade"]
    _, script, handin, out = step["run"].split()
    assert (root() / Path(script).relative_to("course")).is_file()
    (tmp_path / handin).parent.mkdir()
    shutil.copytree(solved.parent, tmp_path / handin)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    summary = tmp_path / "summary.md"
    finished = run(
        root() / Path(script).relative_to("course"),
        str(tmp_path / handin),
        str(tmp_path / out),
        PATH=path,
        STUDENT="ann",
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert finished.returncode == 0, finished.stderr
    assert "✓ 03.1" in summary.read_text(encoding="utf-8")
    assert (tmp_path / out / "03" / "feedback" / "ann.html").is_file()
    shutil.rmtree(tmp_path / handin)
    finished = run(
        root() / Path(script).relative_to("course"), str(tmp_path / handin), str(tmp_path / out), PATH=path
    )
    assert finished.returncode == 1
    assert "no notebook in handin/" in finished.stderr


def test_every_script_is_sound_to_bash() -> None:
    for script in (READY / "grade_handin.sh", *(READY / "gradescope").iterdir()):
        assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
        assert os.access(script, os.X_OK)
