"""Read and write course notebooks: which cell is which task's statement, answer or check."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
ROLES = ("statement", "answer", "check")


@dataclass(frozen=True)
class Cell:
    """A cell as the course sees it.

    Attributes:
        kind: "code", "markdown" or "raw".
        task: the number of its task, or an empty string.
        role: one of `ROLES`, or an empty string.
    """

    identifier: str
    kind: str
    source: str
    task: str = ""
    role: str = ""


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook as plain JSON.

    Raises:
        ValueError: when the file is no notebook.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is no notebook: {error}. Hand in a fresh copy.") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ValueError(f"{path.name} is no notebook: it has no list of cells.")
    return notebook


def write_notebook(path: Path, notebook: dict[str, Any]) -> None:
    """Write a notebook whole or not at all, the way JupyterLab formats it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    draft.write_text(text + "\n", encoding="utf-8", newline="\n")
    os.replace(draft, path)


def source_of(cell: Any) -> str:
    """Return a cell's text; notebooks store it as one string or as a list of lines."""
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def course_data(thing: Any) -> dict[str, Any]:
    """Return what the metadata of a cell or a notebook says under the key `course`."""
    metadata = thing.get("metadata") if isinstance(thing, dict) else None
    data = metadata.get("course") if isinstance(metadata, dict) else None
    return data if isinstance(data, dict) else {}


def cells_of(notebook: dict[str, Any]) -> Iterator[Cell]:
    """Yield the cells of a notebook; whatever is malformed reads as empty."""
    for position, cell in enumerate(notebook["cells"]):
        data = course_data(cell)
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        identifier = cell.get("id") if isinstance(cell, dict) else None
        task, role = data.get("task"), data.get("role")
        yield Cell(
            identifier if isinstance(identifier, str) else f"cell-{position}",
            kind if isinstance(kind, str) else "raw",
            source_of(cell),
            task if isinstance(task, str) else "",
            role if role in ROLES else "",
        )


def exercise_file(folder: Path, number: str) -> Path | None:
    """Find the notebook of exercise or lesson `number` in a folder."""
    return next(iter(sorted(folder.glob(f"{number[:2]}_*.ipynb"))), None)


def solution_source(course: Path, number: str) -> str:
    """Return the course's answer to a task, or an empty string where the solutions are not at hand."""
    path = exercise_file(course / "solutions", number)
    if path is None:
        return ""
    answers = [cell for cell in cells_of(read_notebook(path)) if (cell.task, cell.role) == (number, "answer")]
    return "\n".join(without_markers(cell.source) for cell in answers)


def without_markers(source: str) -> str:
    """Remove the lines that mark where a solution begins and ends."""
    lines = source.split("\n")
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))


def stub_of(source: str) -> str:
    """Replace what stands between the solution markers with a place for the student's answer.

    Raises:
        ValueError: when markers are missing or do not pair.
    """
    kept: list[str] = []
    inside = False
    for line in source.split("\n"):
        mark = line.strip()
        if mark == BEGIN and not inside:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            kept += [f"{indent}# Write your answer here.", f"{indent}raise NotImplementedError"]
        elif mark == END and inside:
            inside = False
        elif mark in (BEGIN, END):
            raise ValueError(f"{mark!r} without its partner in: {source[:80]!r}")
        elif not inside:
            kept.append(line)
    if inside or kept == source.split("\n"):
        raise ValueError(f"an answer needs both {BEGIN!r} and {END!r}; got: {source[:80]!r}")
    return "\n".join(kept)


def digest(*texts: str) -> str:
    """Return a short, stable fingerprint of texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def slug(text: str) -> str:
    """Turn a title into a word for file names and cell ids."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:48]
