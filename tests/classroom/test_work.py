"""The student's copies: made, brought up to date, reset, and never overwritten."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.classroom.exercises.notebooks import read_notebook, source_of, write_notebook
from course_lib.classroom.exercises.work import is_written, keep_copy, merge, open_all, open_copy, reset_task

STUB = "def f():\n    raise NotImplementedError"


def cell(identifier: str, source: str, role: str = "") -> dict[str, Any]:
    metadata = {"course": {"task": "42.1", "role": role}} if role else {}
    return {
        "cell_type": "code",
        "id": identifier,
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(copy.deepcopy(cells))}


def sources(document: dict[str, Any]) -> list[str]:
    return [source_of(each) for each in document["cells"]]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    write_notebook(
        tmp_path / "exercises" / "42_small.ipynb",
        notebook(
            cell("a", "import x"), cell("answer-42-1", STUB, "answer"), cell("c", 'check("42.1")', "check")
        ),
    )
    return tmp_path


def edit(path: Path, identifier: str, source: str) -> None:
    document = read_notebook(path)
    for each in document["cells"]:
        if each["id"] == identifier:
            each["source"] = source
    write_notebook(path, document)


def test_a_copy_is_made_once_and_kept(course: Path) -> None:
    path = open_copy(course, "exercises", "42")
    assert path == course / "work" / "exercises" / "42_small.ipynb"
    edit(path, "answer-42-1", "def f(): return 1")
    assert sources(read_notebook(open_copy(course, "exercises", "42")))[1] == "def f(): return 1"


def test_a_new_version_arrives_task_by_task_without_touching_answers(course: Path) -> None:
    path = open_copy(course, "exercises", "42")
    edit(path, "answer-42-1", "def f(): return 1")
    write_notebook(
        course / "exercises" / "42_small.ipynb",
        notebook(
            cell("a", "import x, y"),
            cell("answer-42-1", STUB + "  # new stub", "answer"),
            cell("c", 'check("42.1")', "check"),
            cell("answer-42-2", STUB, "answer"),
        ),
    )
    assert sources(read_notebook(open_copy(course, "exercises", "42"))) == [
        "import x, y",
        "def f(): return 1",
        'check("42.1")',
        STUB,
    ]


def test_cells_that_the_student_added_stay_where_they_were(course: Path) -> None:
    path = open_copy(course, "exercises", "42")
    document = read_notebook(path)
    document["cells"].insert(1, cell("mine", "print('mine')"))
    write_notebook(path, document)
    write_notebook(course / "exercises" / "42_small.ipynb", notebook(cell("a", "new"), cell("z", "last")))
    assert sources(read_notebook(open_copy(course, "exercises", "42"))) == ["new", "print('mine')", "last"]


identifiers = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)


@given(
    old=identifiers, new=identifiers, changed=st.sets(st.sampled_from("abcdefgh")), extra=st.integers(0, 3)
)
def test_no_cell_of_the_student_is_ever_lost(
    old: list[str], new: list[str], changed: set[str], extra: int
) -> None:
    before = notebook(*(cell(each, f"course {each}") for each in old))
    mine = notebook(*(cell(each, f"mine {each}" if each in changed else f"course {each}") for each in old))
    mine["cells"][extra:extra] = [cell(f"extra{number}", f"extra {number}") for number in range(extra)]
    merged = sources(merge(before, mine, notebook(*(cell(each, f"new {each}") for each in new))))
    kept = {f"mine {each}" for each in changed & set(old)} | {f"extra {number}" for number in range(extra)}
    assert kept <= set(merged)
    assert {f"new {each}" for each in new if each not in changed & set(old)} <= set(merged)
    assert len(merged) == len(set(merged))


def test_reset_brings_the_stub_back_and_keeps_what_was_there(course: Path) -> None:
    path = open_copy(course, "exercises", "42")
    edit(path, "answer-42-1", "def f(): return 1")
    assert is_written(course, "42.1")
    kept = reset_task(course, "42.1")
    assert sources(read_notebook(path))[1] == STUB
    assert sources(read_notebook(kept))[1] == "def f(): return 1"
    assert not is_written(course, "42.1")
    again = keep_copy(course, path, "42.1")
    assert again != kept


def test_reset_without_a_copy_says_what_to_do(course: Path) -> None:
    with pytest.raises(ValueError, match="course lab 42"):
        reset_task(course, "42.1")


def test_links_to_the_library_work_from_the_copy(course: Path) -> None:
    text = "[source](../course_lib/datasets/base.py), [task](../exercises/42_small.ipynb), [next](43_x.ipynb)"
    page = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": text}
    write_notebook(course / "notebooks" / "42_small.ipynb", notebook(page))
    path = open_copy(course, "notebooks", "42")
    assert "../../course_lib/datasets/base.py" in path.read_text()
    assert "(../exercises/42_small.ipynb)" in path.read_text()
    assert ", next" in path.read_text()  # there is no lesson 43 yet
    open_all(course)
    assert (path.parent / "../exercises/42_small.ipynb").exists()


def test_an_unknown_number_lists_the_known(course: Path) -> None:
    with pytest.raises(ValueError, match="42"):
        open_copy(course, "exercises", "77")


def test_notebooks_are_written_whole(course: Path) -> None:
    path = course / "exercises" / "42_small.ipynb"
    assert json.loads(path.read_text())["cells"]
    assert [each.name for each in path.parent.iterdir()] == ["42_small.ipynb"]
