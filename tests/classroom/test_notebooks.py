"""Cells, roles, stubs; generating an exercise from its solution; one normal form."""

import copy
from typing import Any

import pytest
from small_course import EXERCISE

from course_lib.classroom.authoring.generate import generated, labelled
from course_lib.classroom.authoring.normalise import code_digest, normalise
from course_lib.classroom.exercises.notebooks import BEGIN, END, cells_of, source_of, stub_of
from course_lib.classroom.exercises.tasks import root

ANSWER = f"""def total(dataset):
    \"\"\"Add all up.\"\"\"
    {BEGIN}
    return sum(dataset)
    {END}
"""


def solution() -> dict[str, Any]:
    cells: list[tuple[str, str]] = [
        ("markdown", "# Small"),
        ("code", "from course_lib.classroom import check, hint"),
    ]
    for number in ("99.1", "99.2"):
        cells += [
            ("markdown", f"## {number} anything\n\nWrite it."),
            ("code", ANSWER),
            ("code", f'check("{number}")'),
        ]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "mine"}, "widgets": {"state": 1}},
        "cells": [
            {"cell_type": kind, "source": text, "metadata": {"execution": {"t": 1}}, "id": f"{n:08x}"}
            | ({"outputs": [], "execution_count": 3} if kind == "code" else {})
            for n, (kind, text) in enumerate(cells)
        ],
    }


def test_a_stub_keeps_signature_docstring_and_indentation() -> None:
    stub = stub_of(ANSWER)
    assert stub.splitlines()[:2] == ANSWER.splitlines()[:2]
    assert "    raise NotImplementedError" in stub
    assert "sum" not in stub
    namespace: dict[str, Any] = {}
    exec(stub, namespace)
    with pytest.raises(NotImplementedError):
        namespace["total"]([1])


@pytest.mark.parametrize("source", ["x = 1", f"{BEGIN}\nx = 1", f"x = 1\n{END}", f"{BEGIN}\n{BEGIN}\n{END}"])
def test_markers_must_pair(source: str) -> None:
    with pytest.raises(ValueError, match="SOLUTION"):
        stub_of(source)


def test_roles_are_found_by_form() -> None:
    cells = list(cells_of(labelled(solution(), EXERCISE)))
    assert [(cell.task, cell.role) for cell in cells[2:5]] == [
        ("99.1", "statement"),
        ("99.1", "answer"),
        ("99.1", "check"),
    ]
    assert [cell.role for cell in cells[:2]] == ["", ""]


def test_the_header_line_is_generated_once() -> None:
    once = labelled(solution(), EXERCISE)
    statement = source_of(once["cells"][2])
    assert statement.startswith("## 99.1 · Squares\n\n*3 points · difficulty 1/5")
    assert statement.endswith("Write it.")
    assert labelled(once, EXERCISE) == once


def test_an_exercise_has_stubs_and_no_answers() -> None:
    notebook = generated(labelled(solution(), EXERCISE))
    text = "\n".join(source_of(cell) for cell in notebook["cells"])
    assert "return sum" not in text
    assert text.count("raise NotImplementedError") == 2
    assert notebook["metadata"]["course"]["exercise"] == "99"
    assert notebook["metadata"]["course"]["version"]


def test_a_missing_cell_is_named() -> None:
    broken = solution()
    del broken["cells"][4]
    with pytest.raises(ValueError, match=r"99\.1 answer|99\.1 check"):
        labelled(broken, EXERCISE)


def test_normal_form_is_a_fixed_point_and_hides_when_and_where() -> None:
    notebook = solution()
    notebook["cells"][1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["one\n"]},
        {"output_type": "stream", "name": "stdout", "text": f"{root()}/notebooks\n"},
        {
            "output_type": "execute_result",
            "execution_count": 7,
            "metadata": {"x": 1},
            "data": {"text/plain": ["1"]},
        },
    ]
    once = normalise(notebook, outputs=True)
    assert normalise(once, outputs=True) == once
    assert str(root()) not in str(once)
    assert once["cells"][1]["outputs"][0]["text"] == "one\n<course>/notebooks\n"
    code = [cell for cell in once["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [1, 2, 3, 4, 5]
    assert code[0]["outputs"][1]["execution_count"] == 1
    assert "kernelspec" in once["metadata"]
    assert "widgets" not in once["metadata"]


def test_ids_stay_when_a_cell_changes() -> None:
    once = normalise(solution(), outputs=True)
    edited = copy.deepcopy(once)
    edited["cells"][1]["source"] += "\n# more"
    ids = [[cell["id"] for cell in normalise(notebook, outputs=True)["cells"]] for notebook in (once, edited)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])


def test_the_digest_follows_code_only() -> None:
    once = normalise(solution(), outputs=True)
    prose, code = copy.deepcopy(once), copy.deepcopy(once)
    prose["cells"][0]["source"] += " words"
    code["cells"][1]["source"] += "\nx = 1"
    assert code_digest(prose) == code_digest(once) != code_digest(code)
