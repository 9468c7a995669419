"""Read submissions without running anything: find the notebooks, the exercise, each task's answer."""

import ast
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.classroom.exercises.notebooks import Cell, cells_of, course_data, read_notebook
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.grading.session import CodeCell

MAX_BYTES = 20 * 1024 * 1024
MAX_CELLS = 1000


class Rejected(Exception):  # noqa: N818
    """A submission cannot be graded; the message says why and what would mend it."""


@dataclass(frozen=True)
class Found:
    """A notebook that somebody handed in: the student's name or id, and the file."""

    student: str
    path: Path


@dataclass(frozen=True)
class Submission:
    """What will be run for one student.

    Attributes:
        cells: all code cells in order, without those that only check.
        found: how the answer of each task was found: "task number", "definition", or "" for not at all.
    """

    cells: tuple[CodeCell, ...]
    found: dict[str, str]


def find_submissions(paths: Sequence[Path]) -> list[Found]:
    """List the notebooks under `paths`: files, folders of files, or folders with a folder per student.

    A path that does not exist is listed too: it is rejected with its own line, and the others are graded.
    """
    found: list[Found] = []
    for path in paths:
        if not path.is_dir():
            found.append(Found(path.stem, path))
            continue
        for entry in sorted(path.iterdir()):
            if entry.is_symlink() or entry.name.startswith("."):
                continue
            if entry.suffix == ".ipynb":
                found.append(Found(entry.stem, entry))
            elif entry.is_dir():
                found += [Found(entry.name, file) for file in _notebooks_below(entry)] or [
                    Found(entry.name, entry)
                ]
    return found


def read_exercise(path: Path) -> str | None:
    """Return which exercise a notebook belongs to, or None when it does not say."""
    try:
        notebook = read_notebook(_checked(path))
    except (Rejected, ValueError, OSError):
        return None
    number = course_data(notebook).get("exercise")
    if isinstance(number, str):
        return number
    tasks = [cell.task[:2] for cell in cells_of(notebook) if cell.task]
    return tasks[0] if tasks else None


def read_submission(path: Path, exercise: Exercise) -> Submission:
    """Find the answers of an exercise in a notebook.

    Raises:
        Rejected: when there is no such file, it is no notebook, too large, or has none of the tasks.
    """
    try:
        notebook = read_notebook(_checked(path))
    except ValueError as error:
        raise Rejected(str(error)) from error
    except OSError as error:
        raise Rejected(f"{path.name} cannot be read: {error.strerror or error}") from error
    number = course_data(notebook).get("exercise")
    if isinstance(number, str) and number != exercise.number:
        raise Rejected(f"{path.name} is exercise {number}, and this run grades exercise {exercise.number}.")
    cells = list(cells_of(notebook))
    if len(cells) > MAX_CELLS:
        raise Rejected(f"{path.name} has {len(cells)} cells; at most {MAX_CELLS} are read.")
    code = [cell for cell in cells if cell.kind == "code" and cell.role != "check"]
    owners, found = _find_answers(code, exercise)
    if not any(found.values()):
        numbers = ", ".join(task.number for task in exercise.tasks)
        raise Rejected(f"{path.name} has none of the tasks {numbers}: is it another notebook?")
    forbidden = {task.number: task.forbids for task in exercise.tasks}
    return Submission(
        tuple(
            CodeCell(
                owners.get(position) or f"{position + 1}",
                _without_magics(cell.source),
                forbidden.get(owners.get(position, ""), ()),
            )
            for position, cell in enumerate(code)
        ),
        found,
    )


def _checked(path: Path) -> Path:
    if not path.exists():
        raise Rejected(f"{path} is not there.")
    if path.is_dir():
        raise Rejected(f"the folder {path.name} holds no notebook.")
    if not path.is_file() or path.is_symlink():
        raise Rejected(f"{path.name} is not a notebook file: hand in one file that ends in .ipynb.")
    size = path.stat().st_size
    if size == 0:
        raise Rejected(f"{path.name} is empty (0 bytes): save the notebook and hand it in again.")
    if size > MAX_BYTES:
        raise Rejected(f"{path.name} has {size:,} bytes; at most {MAX_BYTES:,} are read. Clear its outputs.")
    return path


def _notebooks_below(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*.ipynb") if not any(part.startswith(".") for part in path.parts))
    return sorted(path for path in files if not path.is_symlink())


def _find_answers(code: list[Cell], exercise: Exercise) -> tuple[dict[int, str], dict[str, str]]:
    """Return which task the cell at each position answers, and how each task's answer was found."""
    owners = {p: cell.task for p, cell in enumerate(code) if cell.role == "answer" and cell.task}
    found: dict[str, str] = {}
    for task in exercise.tasks:
        if task.number in owners.values():
            found[task.number] = "task number"
            continue
        found[task.number] = ""
        for position, cell in enumerate(code):
            if position not in owners and set(task.defines) & _defined(cell.source):
                owners[position] = task.number
                found[task.number] = "definition"
    return owners, found


def _defined(source: str) -> set[str]:
    names: set[str] = set()
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        names.update(_names(ast.parse(_without_magics(source)).body))
    return names


def _names(statements: Iterable[ast.stmt]) -> Iterable[str]:
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield statement.name
        elif isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def _without_magics(source: str) -> str:
    """Turn lines of notebook magic (`%timeit`, `!ls`) into comments: they are not run here."""
    lines = source.split("\n")
    if lines and lines[0].startswith("%%"):
        lines[0] = f"# {lines[0]}"
    return "\n".join(
        f"pass  # {line}" if line.lstrip().startswith(("%", "!")) and line[:1] in "%!" else line
        for line in lines
    )
