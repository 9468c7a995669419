"""Whose work is it? Learning platforms write the student into the name of the file or folder.

Moodle   Ann Lee_12345_assignsubmission_file_/homework.ipynb
Moodle   Ann Lee_12345_assignsubmission_file_homework.ipynb        (downloaded without folders)
Canvas   leeann_12345_67890_homework.ipynb, leeann_LATE_12345_67890_homework-2.ipynb
others   NAME.ipynb, or NAME/anything.ipynb
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from course_lib.classroom.grading.visible import visible_line

_MOODLE = re.compile(
    r"(?P<student>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)(?:_.*)?", re.DOTALL
)
_CANVAS = re.compile(r"(?P<student>[^_]+)(?:_LATE)?_(?P<number>\d+)_\d+_.+", re.DOTALL)


@dataclass(frozen=True)
class Owner:
    """The student that a name tells: `student`, and the platform's `number` for them, or an empty text."""

    student: str
    number: str = ""


def owner_of_folder(name: str) -> Owner:
    """Return whose folder this is."""
    return _match(name, (_MOODLE,)) or Owner(_clean(name))


def owner_of_file(name: str) -> Owner:
    """Return whose file this is."""
    stem = re.sub(r"\.(ipynb|zip)$", "", name, flags=re.IGNORECASE)
    return _match(stem, (_MOODLE, _CANVAS)) or Owner(_clean(stem))


class Owned(Protocol):
    """What has an owner."""

    @property
    def student(self) -> str: ...

    @property
    def number(self) -> str: ...


Each = TypeVar("Each", bound=Owned)


def tell_namesakes_apart(all_found: Iterable[Each]) -> list[Each]:
    """Two students of one name have two numbers: then the number becomes part of the name."""
    found = list(all_found)
    numbers: dict[str, set[str]] = defaultdict(set)
    for each in found:
        numbers[each.student].add(each.number)
    return [
        replace(each, student=f"{each.student} ({each.number})")  # type: ignore[type-var]
        if len(numbers[each.student]) > 1 and each.number
        else each
        for each in found
    ]


def _match(name: str, patterns: Iterable[re.Pattern[str]]) -> Owner | None:
    for pattern in patterns:
        found = pattern.fullmatch(name)
        if found:
            return Owner(_clean(found["student"]), found["number"])
    return None


def _clean(name: str) -> str:
    return visible_line(name).strip()[:200] or "student"
