"""Keys, seeds and signatures."""

import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_class import EXERCISE

from course_lib.classroom.exercises.expectations import Failure
from course_lib.classroom.exercises.runner import FAILED, PASSED, CheckResult, TaskResult
from course_lib.classroom.grading.graded import Graded, Run
from course_lib.classroom.grading.judge import Verdict
from course_lib.classroom.grading.report import write_reports
from course_lib.classroom.grading.seeds import key_beside, make_key, read_key, seed_for
from course_lib.classroom.grading.stamp import verify

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Reports of two students, signed."""
    failure = Failure("tried", "got", "expected", "rule", "next")
    checks = [(check.title, check.points) for check in EXERCISE.checks_of("99.1")]
    right = TaskResult(EXERCISE.tasks[0], tuple(CheckResult(*each, PASSED) for each in checks))
    wrong = TaskResult(EXERCISE.tasks[0], tuple(CheckResult(*each, FAILED, failure) for each in checks))
    graded = [
        Graded("=ann", "a.ipynb", Verdict([right]), submission="1" * 64),
        Graded("bob", "b.ipynb", Verdict([wrong]), submission="2" * 64, late="2", penalty=1.5),
    ]
    write_reports(tmp_path / "out", EXERCISE, graded, Run("C", checks="c", stamp_key=KEY, late_policy=True))
    return tmp_path / "out"


def test_what_was_signed_is_verified(out: Path) -> None:
    assert verify(out, KEY) == []
    assert len(verify(out, OTHER)) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("score", 4),
        ("submission", "3" * 64),
        ("tier", "A"),
        ("checks", "d"),
        ("late", ""),
        ("status", "partial"),
    ],
)
def test_every_change_is_found(out: Path, name: str, value: Any) -> None:
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    changed = copy.deepcopy(results)
    changed[1][name] = value
    (out / "results.json").write_text(json.dumps(changed), encoding="utf-8")
    assert "bob: changed since it was signed, or signed with another key" in verify(out, KEY)


def test_an_unsigned_result_a_lost_line_and_another_table_are_found(out: Path) -> None:
    table = (out / "grades.csv").read_text(encoding="utf-8")
    (out / "grades.csv").write_text(table.replace("bob,0,", "bob,4,"), encoding="utf-8")
    assert verify(out, KEY) == ["bob: grades.csv says something else in score"]
    (out / "grades.csv").write_text("\n".join(table.splitlines()[:-1]), encoding="utf-8")
    assert verify(out, KEY) == ["grades.csv has 1 lines, results.json 2 results"]
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    del results[0]["stamp"]
    (out / "results.json").write_text(json.dumps(results), encoding="utf-8")
    assert "=ann: not signed" in verify(out, KEY)
    (out / "results.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="cannot be read"):
        verify(out, KEY)


def test_seeds_differ_by_student_and_key_and_stay() -> None:
    seeds = [seed_for(f"student {number}", key) for number in range(200) for key in (KEY, OTHER)]
    assert len(set(seeds)) == len(seeds)
    assert seeds[0] == seed_for("student 0", KEY)


def test_a_key_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "course.key"
    key = make_key(path)
    assert read_key(path) == key
    assert len(key) == 32
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ValueError, match="never overwritten"):
        make_key(path)
    made, place, fresh = key_beside(tmp_path)
    assert (made, fresh) == (read_key(place), True)
    assert key_beside(tmp_path) == (made, place, False)


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 31, "ü" * 64])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="course key"):
        read_key(tmp_path / "key")
