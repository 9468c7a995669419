"""Every attack of `corpus/files/`: one class of odd files, graded in one run, a right answer after each.

A file there begins with a declaration in TOML (`title`, `status`, `score`, `says`: words in the student's
feedback, `student`: the name in the table where it is not the file's, `seconds`) and defines
`make(path, good, aim)`, which hands in: `path` without a suffix lies in the class's folder, `good` is a right
notebook as JSON, `aim` a folder outside that nobody may touch.
"""

import copy
import json
import re
import runpy
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from corpus_attacks import FOLDER, declaration
from small_class import GOOD, LIMITS, hand_in, make_course, rows_of

from course_lib import platform
from course_lib.classroom.grading.class_run import Options, grade_class

pytestmark = pytest.mark.skipif(not platform.can_fork(), reason="some of these files only exist on POSIX")

FILES = sorted((FOLDER / "files").glob("*.py"))


@dataclass(frozen=True)
class Expected:
    """What must come of a file."""

    title: str
    student: str
    status: str = "rejected"
    score: int = 0
    says: str = ""
    seconds: float = 15.0


@dataclass(frozen=True)
class Class:
    """The class that was graded."""

    out: Path
    rows: dict[str, dict[str, str]]
    seconds: dict[str, float]
    feedback: dict[str, str]


def read(path: Path) -> Expected:
    values, _ = declaration(path.read_text(encoding="utf-8"))
    return Expected(**{"student": path.stem} | values)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    place = tmp_path_factory.mktemp("class")
    handed_in, out, aim = place / "handed in", place / "out", place / "aim"
    course = make_course(place / "course")
    handed_in.mkdir()
    hand_in(aim / "ann.ipynb", GOOD)
    (aim / "ann.ipynb").chmod(0o666)
    aim.chmod(0o777)
    for path in FILES:
        runpy.run_path(str(path))["make"](handed_in / path.stem, copy.deepcopy(GOOD), aim)
        hand_in(handed_in / f"{path.stem}_next.ipynb", GOOD)
    before = names_below(handed_in)
    seconds: dict[str, float] = {}
    last = time.monotonic()

    def note(result: Any, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        seconds[result.student], last = now - last, now

    results = grade_class(
        [handed_in], out, number="99", limits=LIMITS, options=Options(course=course), report=note
    )
    assert sorted(path.name for path in place.iterdir()) == ["aim", "course", "handed in", "out"]
    assert [path.name for path in aim.iterdir()] == ["ann.ipynb"]
    assert json.loads((aim / "ann.ipynb").read_text()) == GOOD
    assert names_below(handed_in) == before
    told = {
        each.student: "\n".join([each.note, *each.verdict.notes, *(c.error for c in each.verdict.cells)])
        for each in results
    }
    return Class(out, rows_of(out), seconds, told)


def names_below(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file(path: Path, graded: Class, outcomes: dict[tuple[str, str], str]) -> None:
    expected = read(path)
    row = graded.rows[expected.student]
    outcomes[f"files/{path.stem}", "any"] = f"{row['score']} {row['status']}"
    assert (row["status"], int(row["score"])) == (expected.status, expected.score)
    plain = expected.student.removeprefix("'")
    assert expected.says in graded.feedback[plain]
    assert graded.seconds[plain] < expected.seconds
    follower = graded.rows[f"{path.stem}_next"]
    assert (follower["status"], follower["score"]) == ("graded", "4")


def test_nobody_else_is_in_the_table(graded: Class) -> None:
    expected = {read(path).student for path in FILES} | {f"{path.stem}_next" for path in FILES}
    assert set(graded.rows) == expected


def test_pages_hold_students_text_and_do_nothing_with_it(graded: Class) -> None:
    written = [path for path in graded.out.rglob("*") if path.is_file()]
    assert all(graded.out in path.resolve().parents for path in written)
    pages = [path for path in written if path.suffix == ".html"]
    assert len(pages) == 2 * len(FILES) + 1
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(script|img|iframe|object|link)\b", text)
        assert "onload=" not in re.sub(r"&lt;.*?&gt;", "", text)
        assert "default-src 'none'" in text
    for path in written:
        if path.suffix in (".html", ".txt", ".csv", ".xml"):
            text = path.read_text(encoding="utf-8")
            assert not set(text) & set("\x1b\x07\x00\x9b\u202e\u2066"), path
    for row in graded.rows.values():
        assert not any(cell[:1] in "=+@\t\r" and cell for cell in row.values())
