"""`check(..., strict=True)`: what passes there passes in the grader, what fails there fails."""

from pathlib import Path
from typing import Any

import pytest

from course_lib.classroom import check
from course_lib.classroom.exercises.expectations import CheckFailed
from course_lib.classroom.exercises.notebooks import (
    exercise_file,
    read_notebook,
    solution_source,
    write_notebook,
)
from course_lib.classroom.exercises.tasks import root

pytestmark = pytest.mark.slow


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    """Exercise 03 with its first task solved, in a file."""
    source = exercise_file(root() / "exercises", "03")
    assert source is not None
    if not solution_source(root(), "03.1"):
        pytest.skip("this copy of the course comes without solutions")
    notebook = read_notebook(source)
    for cell in notebook["cells"]:
        if cell["metadata"].get("course") == {"task": "03.1", "role": "answer"}:
            cell["source"] = solution_source(root(), "03.1")
    path = tmp_path / source.name
    write_notebook(path, notebook)
    return path


def call(path: Path, words: str, **names: Any) -> None:
    """Call `check` as a notebook does whose file is `path`."""
    exec(f"check({words})", {"check": check, "__vsc_ipynb_file__": str(path), "__name__": "__main__"} | names)


def test_the_saved_file_is_judged_not_the_kernel(
    solved: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = solution_source(root(), "03.1")
    call(solved, "'03.1', strict=True", In=[answer])
    shown = capsys.readouterr().out
    assert "✓ 03.1" in shown
    assert "as the grader does" in shown
    assert "save it" not in shown
    # The kernel holds a right answer, the file does not: what counts is the file.
    write_notebook(solved, read_notebook(exercise_file(root() / "exercises", "03") or solved))
    names: dict[str, Any] = {}
    exec(answer, names)
    monkeypatch.setenv("COURSE_RAISE", "1")
    with pytest.raises(CheckFailed):
        call(solved, "'03.1', strict=True", **names | {"In": [answer]})
    shown = capsys.readouterr().out
    assert "Not written yet" in shown
    assert "save it" in shown


def test_what_the_grader_would_reject_is_said(solved: Path) -> None:
    solved.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="no notebook"):
        call(solved, "'03.1', strict=True")
