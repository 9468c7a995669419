"""The student's own copies, in `work/`: made when opened, brought up to date, never overwritten.

Beside each copy lies, in `work/.pristine/`, the notebook it was made from. A cell that still equals its
pristine version is the course's and follows the course; a cell that differs is the student's and stays.
"""

import copy
import re
import shutil
import time
from pathlib import Path
from typing import Any

from course_lib.classroom.exercises.notebooks import (
    cells_of,
    course_data,
    exercise_file,
    read_notebook,
    source_of,
    write_notebook,
)

_LINK_TO_NOTEBOOK = re.compile(r"\[([^\]]+)\]\(([^)\s#]+\.ipynb)\)")
_LINK_TO_LIBRARY = re.compile(r"\]\(\.\./(?=(course_lib|docs|benchmarks|tests)/)")


def open_copy(course: Path, kind: str, number: str) -> Path:
    """Return the student's copy of a lesson (`kind` "notebooks") or of an exercise ("exercises").

    Makes it when it is not there, and brings in what changed in the course since.

    Raises:
        ValueError: when the course has no such notebook.
    """
    source = exercise_file(course / kind, number)
    if source is None:
        known = ", ".join(path.name[:2] for path in sorted((course / kind).glob("[0-9][0-9]_*.ipynb")))
        raise ValueError(f"there is no {number!r} in {kind}/; there are: {known}")
    copy_path = course / "work" / kind / source.name
    pristine_path = course / "work" / ".pristine" / kind / source.name
    new = _with_links_from_work(read_notebook(source), source.parent)
    if not copy_path.exists():
        write_notebook(copy_path, new)
        write_notebook(pristine_path, new)
        return copy_path
    old = read_notebook(pristine_path) if pristine_path.exists() else None
    if old == new:
        return copy_path
    mine = read_notebook(copy_path)
    merged = merge(old or {"cells": []}, mine, new)
    if merged != mine:
        keep_copy(course, copy_path, "before-update")
        write_notebook(copy_path, merged)
    write_notebook(pristine_path, new)
    return copy_path


def open_all(course: Path) -> None:
    """Make or update the copies of all notebooks, so that the links between them lead somewhere."""
    for kind in ("notebooks", "exercises"):
        for path in sorted((course / kind).glob("[0-9][0-9]_*.ipynb")):
            open_copy(course, kind, path.name[:2])


def merge(old: dict[str, Any], mine: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Bring a new version of a notebook into a student's copy, cell by cell.

    Args:
        old: the version that the copy was made from.
        mine: the copy.
        new: the course's version now.

    Returns:
        The new version, in which every cell that the student changed is the student's, and every cell that
        the student added still follows the cell it followed.
    """
    before = {cell.get("id"): source_of(cell) for cell in old["cells"]}
    ours = {cell.get("id") for cell in new["cells"]}
    changed: dict[str, dict[str, Any]] = {}
    added: dict[str | None, list[dict[str, Any]]] = {}
    anchor: str | None = None
    for cell in mine["cells"]:
        identifier = cell.get("id")
        if identifier in ours:
            anchor = identifier
            if identifier not in before or before[identifier] != source_of(cell):
                changed[identifier] = cell
        elif identifier not in before or before[identifier] != source_of(cell):
            added.setdefault(anchor, []).append(cell)
    kept = {cell.get("id"): cell for cell in mine["cells"]}
    merged = copy.deepcopy(new)
    merged["cells"] = list(added.get(None, []))
    for cell in new["cells"]:
        identifier = cell.get("id")
        if identifier in changed:
            merged["cells"].append(changed[identifier])
        elif identifier in kept and source_of(kept[identifier]) == source_of(cell):
            merged["cells"].append(kept[identifier])  # the same text: keep its outputs
        else:
            merged["cells"].append(copy.deepcopy(cell))
        merged["cells"] += added.get(identifier, [])
    return merged


def reset_task(course: Path, number: str) -> Path:
    """Put the stub of a task back into the student's notebook. Returns the copy that was kept of it.

    Raises:
        ValueError: when there is no such task or no copy to reset.
    """
    path = work_file(course, number)
    stubs = _answer_cells(read_notebook(path.parents[1] / ".pristine" / "exercises" / path.name), number)
    if not stubs:
        raise ValueError(f"there is no task {number!r} in {path.name}")
    kept = keep_copy(course, path, number)
    notebook = read_notebook(path)
    mine = _answer_cells(notebook, number)
    for cell, stub in zip(mine, stubs):
        cell["source"], cell["outputs"], cell["execution_count"] = source_of(stub), [], None
    for stub in stubs[len(mine) :]:  # the student deleted the cell
        notebook["cells"].append(copy.deepcopy(stub))
    write_notebook(path, notebook)
    return kept


def work_file(course: Path, number: str) -> Path:
    """Return the student's notebook of an exercise.

    Raises:
        ValueError: when it was not opened yet.
    """
    path = exercise_file(course / "work" / "exercises", number)
    if path is None:
        raise ValueError(
            f"you have no exercise {number[:2]} in work/ yet: `course lab {number[:2]} -e` makes and opens it"
        )
    return path


def is_written(course: Path, number: str) -> bool:
    """Tell whether the student has changed anything in a task's answer."""
    path = exercise_file(course / "work" / "exercises", number)
    pristine = exercise_file(course / "exercises", number)
    if path is None or pristine is None:
        return False
    stub = [
        cell.source
        for cell in cells_of(read_notebook(pristine))
        if (cell.task, cell.role) == (number, "answer")
    ]
    mine = [
        cell.source for cell in cells_of(read_notebook(path)) if (cell.task, cell.role) == (number, "answer")
    ]
    return stub != mine


def keep_copy(course: Path, path: Path, why: str) -> Path:
    """Copy a notebook of the student's to `work/kept/`, under a name that is not taken."""
    folder = course / "work" / "kept"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    target, count = folder / f"{path.stem}.{why}.{stamp}.ipynb", 1
    while target.exists():
        count += 1
        target = folder / f"{path.stem}.{why}.{stamp}_{count}.ipynb"
    shutil.copyfile(path, target)
    return target


def _answer_cells(notebook: dict[str, Any], number: str) -> list[dict[str, Any]]:
    return [
        cell
        for cell in notebook["cells"]
        if (course_data(cell).get("task"), course_data(cell).get("role")) == (number, "answer")
    ]


def _with_links_from_work(notebook: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Links to the course's files go up one folder more; links to lessons to come become text."""

    def linked(match: re.Match[str]) -> str:
        return match[0] if (folder / match[2]).exists() else match[1]

    for cell in notebook["cells"]:
        if cell.get("cell_type") == "markdown":
            cell["source"] = _LINK_TO_LIBRARY.sub("](../../", _LINK_TO_NOTEBOOK.sub(linked, source_of(cell)))
    return notebook
