"""Read submissions without running anything: find the notebooks, the exercise, each task's answer."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_lib.classroom.exercises.notebooks import cells_of, course_data
from course_lib.classroom.exercises.tasks import Exercise
from course_lib.classroom.grading.answers import find_answers
from course_lib.classroom.grading.archives import list_members, read_member
from course_lib.classroom.grading.hand_in_names import (
    Owner,
    owner_of_file,
    owner_of_folder,
    tell_namesakes_apart,
)
from course_lib.classroom.grading.magics import without_magics
from course_lib.classroom.grading.reading import MAX_BYTES, Rejected, parse, read_bytes
from course_lib.classroom.grading.session import CodeCell
from course_lib.classroom.grading.visible import visible_line, whole_characters

__all__ = ["Found", "Rejected", "Submission", "find_submissions", "read_exercise", "read_submission"]

MAX_FILES = 10_000  # looked at in one student's folder
MAX_SOURCE = 1_000_000  # characters of code: parsing one takes a hundred bytes or more
_SHOWN_MAGICS = 3


@dataclass(frozen=True)
class Found:
    """A notebook that somebody handed in.

    Attributes:
        student: the name, as file, folder or platform tell it.
        path: the file, or the archive that it is in.
        member: its name in the archive; an empty text for a plain file.
        number: the student's number on the learning platform, or an empty text.
        problem: why it cannot be read; an empty text if nothing is known against it.
    """

    student: str
    path: Path
    member: str = ""
    number: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        return visible_line(Path(self.member).name if self.member else self.path.name)

    def read(self) -> bytes:
        """Return the bytes of the file.

        Raises:
            Rejected: when there is no such file, or it is not one to read.
        """
        if self.problem:
            raise Rejected(self.problem)
        return read_member(self.path, self.member) if self.member else read_bytes(self.path)


@dataclass(frozen=True)
class Submission:
    """What will be run for one student.

    Attributes:
        cells: all code cells in order, without those that only check.
        found: how the answer of each task was found: "task number", "definition", or "" for not at all.
        notes: what an instructor should know about the file.
        digest: SHA-256 of its bytes.
    """

    cells: tuple[CodeCell, ...]
    found: dict[str, str]
    notes: tuple[str, ...] = ()
    digest: str = field(default="", compare=False)


def find_submissions(paths: Sequence[Path]) -> list[Found]:
    """List the notebooks under `paths`: files, folders with files or a folder per student, a platform's zip.

    A path that does not exist is listed too: it is rejected with its own line, and the others are graded.
    """
    found: list[Found] = []
    for path in paths:
        if path.is_dir():
            for entry in sorted(path.iterdir()):
                found += _in_entry(entry)
        elif path.suffix.lower() == ".zip":
            found += _in_export(path)
        else:
            found.append(_of_file(path))
    return tell_namesakes_apart(_without_empty_folders(found))


def read_exercise(place: Path | Found) -> str | None:
    """Return which exercise a notebook belongs to, or None when it does not say."""
    try:
        return _exercise_in(_notebook(place)[0])
    except Rejected:
        return None


def read_submission(place: Path | Found, exercise: Exercise) -> Submission:
    """Find the answers of an exercise in a notebook.

    Raises:
        Rejected: when there is no such file, it is no notebook, too large, or has none of the tasks.
    """
    notebook, name, notes, digest = _notebook(place)
    number = course_data(notebook).get("exercise")
    if isinstance(number, str) and number != exercise.number:
        raise Rejected(
            f"{name} is exercise {visible_line(number)[:20]}, and this run grades exercise {exercise.number}."
        )
    cells = list(cells_of(notebook))
    code = [cell for cell in cells if cell.kind == "code" and cell.role != "check"]
    length = sum(len(cell.source) for cell in code)
    if length > MAX_SOURCE:
        raise Rejected(f"{name} has {length:,} characters of code; at most {MAX_SOURCE:,} are read.")
    answers = find_answers(cells, code, exercise)
    if not any(answers.found.values()):
        numbers = ", ".join(task.number for task in exercise.tasks)
        more = f" ({'; '.join(answers.notes)})" if answers.notes else ""
        raise Rejected(f"{name} has none of the tasks {numbers}: is it another notebook?{more}")
    forbidden = {task.number: task.forbids for task in exercise.tasks}
    to_run, told = [], [*notes, *answers.notes]
    for position, cell in enumerate(code):
        task, plain = answers.owners.get(position, ""), without_magics(whole_characters(cell.source))
        label = visible_line(task)[:20] or f"{position + 1}"
        to_run.append(CodeCell(label, plain.source, forbidden.get(task, ())))
        if plain.magics:
            shown = ", ".join(visible_line(line)[:60] for line in plain.magics[:_SHOWN_MAGICS])
            more = ", …" if len(plain.magics) > _SHOWN_MAGICS else ""
            told.append(f"cell {label}: not run: {shown}{more}")
    return Submission(tuple(to_run), answers.found, tuple(told), digest)


def _notebook(place: Path | Found) -> tuple[dict[str, Any], str, tuple[str, ...], str]:
    found = place if isinstance(place, Found) else Found(place.stem, place)
    data = found.read()
    document = parse(found.name, data)
    return document.notebook, found.name, document.notes, hashlib.sha256(data).hexdigest()


def _exercise_in(notebook: dict[str, Any]) -> str | None:
    number = course_data(notebook).get("exercise")
    if isinstance(number, str):
        return number
    tasks = [cell.task[:2] for cell in cells_of(notebook) if cell.task]
    return tasks[0] if tasks else None


def _of_file(path: Path) -> Found:
    owner = owner_of_file(path.name)
    return Found(owner.student, path, number=owner.number)


def _in_entry(entry: Path) -> list[Found]:
    """List what one entry of a class's folder holds: a notebook, a zip, or the folder of a student."""
    suffix = entry.suffix.lower()
    if entry.is_symlink() or entry.name.startswith("."):
        return []
    if entry.is_dir():
        owner = owner_of_folder(entry.name)
        return _in_folder(entry, owner)
    if suffix == ".zip":
        return _in_archive(entry, owner_of_file(entry.name))
    return [_of_file(entry)] if suffix == ".ipynb" else []


def _without_empty_folders(found: list[Found]) -> list[Found]:
    """Leave out a folder without notebook where its student has handed in another (Moodle makes several)."""
    with_file = {(each.student, each.number) for each in found if not each.path.is_dir()}
    return [each for each in found if not each.path.is_dir() or (each.student, each.number) not in with_file]


def _in_folder(folder: Path, owner: Owner) -> list[Found]:
    found: list[Found] = []
    for path in _files_below(folder):
        if path.suffix.lower() == ".ipynb":
            found.append(Found(owner.student, path, number=owner.number))
        elif path.suffix.lower() == ".zip":
            found += _in_archive(path, owner)
    return found or [Found(owner.student, folder, number=owner.number)]


def _files_below(folder: Path) -> list[Path]:
    files: list[Path] = []
    for place, folders, names in os.walk(folder):  # follows no links
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(place, name) for name in sorted(names) if not name.startswith("."))
        files += [path for path in paths if not path.is_symlink()]
        if len(files) > MAX_FILES:
            break
    return files[:MAX_FILES]


def _in_archive(path: Path, owner: Owner) -> list[Found]:
    """List the notebooks in one student's zip file."""
    try:
        members = [member for member in list_members(path, MAX_BYTES) if _is_notebook(member.name)]
    except Rejected as reason:
        return [Found(owner.student, path, number=owner.number, problem=str(reason))]
    if not members:
        return [Found(owner.student, path, "", owner.number, f"the archive {path.name} holds no notebook.")]
    return [Found(owner.student, path, member.name, owner.number, member.problem) for member in members]


def _in_export(path: Path) -> list[Found]:
    """List the notebooks in the zip file of a whole class, as a learning platform writes it."""
    try:
        members = list_members(path)
    except Rejected as reason:
        return [Found(owner_of_file(path.name).student, path, problem=str(reason))]
    outer = _outer_folder(path, [member.parts for member in members])
    found: list[Found] = []
    without: dict[Owner, Found] = {}
    for member in members:
        parts = member.parts[outer:] or member.parts
        owner = owner_of_file(parts[0]) if len(parts) == 1 else owner_of_folder(parts[0])
        if _is_notebook(member.name):
            found.append(Found(owner.student, path, member.name, owner.number, member.problem))
        elif len(parts) > 1 or parts[0].lower().endswith(".zip"):
            words = f"no notebook was handed in, but {visible_line(parts[-1])[:80]}."
            without.setdefault(owner, Found(owner.student, path, member.name, owner.number, words))
    heard = {(each.student, each.number) for each in found}
    found += [each for owner, each in without.items() if (owner.student, owner.number) not in heard]
    return sorted(found, key=lambda each: (each.student, each.number, each.member))


def _outer_folder(path: Path, all_parts: Sequence[tuple[str, ...]]) -> int:
    """Count the folders around the students' own: 1 where all is in one folder, else 0."""
    tops = {parts[0] for parts in all_parts}
    notebooks = [parts for parts in all_parts if _is_notebook(parts[-1])]
    if len(tops) != 1 or any(len(parts) < 2 for parts in all_parts):
        return 0
    deep = bool(notebooks) and all(len(parts) >= 3 for parts in notebooks)
    return 1 if deep or tops == {path.stem} else 0


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")
