"""The notebooks as they stand: current, generated, and with everything a lesson has."""

import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from course_lib.classroom.authoring.build import build
from course_lib.classroom.exercises.notebooks import cells_of, read_notebook
from course_lib.classroom.exercises.tasks import exercise_numbers, load_exercise, root

LESSONS = sorted((root() / "notebooks").glob("*.ipynb"))
EXERCISES = sorted((root() / "exercises").glob("*.ipynb"))
SOLUTIONS = sorted((root() / "solutions").glob("*.ipynb"))

#: Lessons that others may point to already. A lesson that is there leaves this table.
LESSONS_TO_COME = {
    "04_transforms_and_augmentation.ipynb",
    "05_images_on_disk.ipynb",
    "06_databases_and_memory_maps.ipynb",
    "07_streams_and_cloud_storage.ipynb",
    "16_memory.ipynb",
    "17_robust_and_validated_data.ipynb",
    "18_distributed_loading.ipynb",
    "19_adaptive_and_learned_loading.ipynb",
    "20_capstone.ipynb",
}


def named(path: Path) -> str:
    return path.stem


@pytest.mark.skipif(not SOLUTIONS, reason="this copy of the course comes without solutions")
def test_everything_generated_is_current() -> None:
    assert build(check=True, prove_answers=False).problems == []


@pytest.mark.parametrize("path", LESSONS, ids=named)
def test_a_lesson_has_its_parts(path: Path) -> None:
    notebook = read_notebook(path)
    text = "\n".join(cell.source for cell in cells_of(notebook) if cell.kind == "markdown")
    assert text.startswith(f"# {path.name[:2]} · ")
    assert "In this lesson we" in text
    assert text.count("<details>") >= 6, "a quiz whose options explain themselves"
    notes = [
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("slideshow", {}).get("slide_type") == "notes"
    ]
    assert len(notes) >= 3
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs), "a picture"
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"], (
        "warnings are not for students"
    )


@pytest.mark.parametrize(
    "path", [*LESSONS, *EXERCISES, *SOLUTIONS], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_a_notebook_is_valid_and_knows_no_machine(path: Path) -> None:
    nbformat.validate(nbformat.read(path, as_version=4))
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/home/\w|/Users/\w|\\\\Users\\\\|ipykernel_\d", text)
    assert f"{Path.home()}{os.sep}" not in text
    assert str(root()) not in text
    notebook = json.loads(text)
    identifiers = [cell["id"] for cell in notebook["cells"]]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("path", [*LESSONS, *EXERCISES], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_links_between_files_lead_somewhere(path: Path) -> None:
    for cell in cells_of(read_notebook(path)):
        if cell.kind != "markdown":
            continue
        for target in re.findall(r"\]\((?!https?://|#|attachment:)([^)#\s]+)", cell.source):
            linked = path.parent / target
            is_lesson = linked.resolve().parent == (root() / "notebooks").resolve()
            to_come = is_lesson and linked.name in LESSONS_TO_COME
            assert to_come or linked.exists(), f"{path.name} links to {target}"


def test_no_lesson_to_come_has_come() -> None:
    assert not LESSONS_TO_COME & {path.name for path in LESSONS}


@pytest.mark.parametrize("number", exercise_numbers())
def test_an_exercise_is_complete(number: str) -> None:
    exercise = load_exercise(number)
    assert len(exercise.tasks) >= 4
    for task in exercise.tasks:
        assert len(task.hints) >= 3
        assert exercise.points(task.number) >= 3
    path = next(path for path in EXERCISES if path.name.startswith(number))
    roles = {(cell.task, cell.role) for cell in cells_of(read_notebook(path))}
    assert roles >= {
        (task.number, role) for task in exercise.tasks for role in ("statement", "answer", "check")
    }


LOOKS = [
    path
    for path in [*EXERCISES, *SOLUTIONS]
    if any(re.search(r"^look\(", cell.source, re.MULTILINE) for cell in cells_of(read_notebook(path)))
]


@pytest.mark.parametrize("path", LOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_looking_at_answers_shows_a_picture_or_says_kindly_that_there_is_nothing(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    pictures = []
    for cell in cells_of(read_notebook(path)):
        if cell.kind == "code" and cell.role != "check":
            source, found, call = cell.source.rpartition("\nlook(")
            exec(source if found else cell.source, names)
            if found:
                pictures.append(eval(f"look({call}", names))
    said = capsys.readouterr().out
    if path in SOLUTIONS:
        assert all(picture._repr_png_() for picture in pictures)
        assert "nothing to look at" not in said
        assert "stops with" not in said
    else:
        assert set(pictures) == {None}
        assert "not written yet, so there is nothing to look at" in said
        assert "stops with" not in said


@pytest.mark.slow
@pytest.mark.parametrize("path", EXERCISES, ids=named)
def test_an_untouched_exercise_fails_only_where_answers_are_missing(path: Path) -> None:
    notebook: Any = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env=os.environ | {"COURSE_RAISE": "1"})
    errors = [
        output["ename"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "error"
    ]
    assert errors, "an untouched exercise cannot pass"
    assert set(errors) <= {"NotImplementedError", "CheckFailed"}
