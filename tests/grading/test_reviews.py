"""Answers that are the library's own are told; the course's solutions and other right answers are not."""

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_class import EXERCISE, SQUARES

from course_lib.classroom.exercises.notebooks import cells_of, exercise_file, read_notebook
from course_lib.classroom.exercises.tasks import Exercise, exercise_numbers, load_exercise, root
from course_lib.classroom.grading import reviews
from course_lib.classroom.grading.reviews import review
from course_lib.classroom.grading.session import CodeCell

SAMPLERS = load_exercise("08")


def of_answer(source: str, *others: str, exercise: Exercise = SAMPLERS, task: str = "08.1") -> list[str]:
    cells = [CodeCell("1", other) for other in others]
    return review([*cells, CodeCell(task, source)], exercise)


class Renamed(ast.NodeTransformer):
    """Gives every variable another name, as somebody would who copies."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = f"my_{node.id}" if node.id.islower() else node.id
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg, node.annotation = f"my_{node.arg}" if node.arg.islower() else node.arg, None
        return node


def library(name: str) -> list[str]:
    """Return the sources of `name` in the course's library and in torch."""
    return [
        ast.unparse(Renamed().visit(node))
        for _, text in reviews._library_files()
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef) and node.name == name
    ]


@pytest.mark.parametrize("task", SAMPLERS.tasks, ids=lambda task: task.number)
def test_a_copy_under_other_names_is_told(task: object) -> None:
    (name,) = task.forbids  # type: ignore[attr-defined]
    sources = library(name)
    assert sources
    for source in sources:
        (note,) = of_answer(source, task=task.number)[:1]  # type: ignore[attr-defined]
        assert "repeats" in note
        assert name in note


NAME = "WeightedRandomSampler"


@pytest.mark.parametrize(
    "source",
    [
        f"from torch.utils.data import {NAME}",
        f"from course_lib import {NAME} as W\nclass {NAME}(W):\n    pass",
        f"import torch.utils.data as tud\n{NAME} = tud.{NAME}",
        f"import torch\nclass {NAME}:\n    def __init__(self, *a):\n        torch.utils.data.{NAME}(*a)",
        f"def f():\n    from course_lib.samplers.weighted import {NAME}\n    return {NAME}",
        f"import course_lib.samplers\n{NAME} = getattr(course_lib.samplers, '{NAME}')",
    ],
)
def test_the_librarys_class_by_another_way_is_told(source: str) -> None:
    assert any("08.1 uses" in note and NAME in note for note in of_answer(source))


def test_names_from_other_cells_are_followed() -> None:
    assert of_answer(f"class {NAME}(Mine): pass", f"from torch.utils.data import {NAME} as T", "Mine = T")


@pytest.mark.parametrize(
    "source",
    [
        "from course_lib import Dataset\nclass Squares(Dataset):\n    pass",
        "import torch\nclass Squares(torch.utils.data.Dataset):\n    pass",
        SQUARES,
        "class Squares(:",
        "x" + ".a" * 3000,
        "-" * 3000 + "1",
    ],
)
def test_what_a_task_allows_is_not_told(source: str) -> None:
    assert [note for note in of_answer(source, exercise=EXERCISE, task="99.1") if "nested" not in note] == []


def test_no_solution_and_no_other_right_answer_is_told() -> None:
    if not (root() / "solutions").exists():
        pytest.skip("this copy of the course comes without solutions")
    for number in exercise_numbers():
        exercise = load_exercise(number)
        path = exercise_file(root() / "solutions", number)
        assert path is not None
        cells = [
            cell for cell in cells_of(read_notebook(path)) if cell.kind == "code" and cell.role != "check"
        ]
        assert review([CodeCell(cell.task or "1", cell.source) for cell in cells], exercise) == []
        for answer in (root() / "tests" / "exercises" / "answers").glob(f"{number}_*/*_right_*.py"):
            text = answer.read_text(encoding="utf-8")
            assert review([CodeCell(answer.name.split("_")[0], text)], exercise) == []
