"""`course grade` on what students really hand in: right, wrong, broken, foreign, endless."""

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
from small_course import EXERCISE, SQUARES, TOTAL, notebook

from course_lib.classroom.grading import class_run
from course_lib.classroom.grading.class_run import grade_class
from course_lib.classroom.grading.intake import Rejected, find_submissions, read_submission
from course_lib.classroom.grading.judge import Verdict, judge
from course_lib.classroom.grading.session import Limits

LIMITS = Limits(cell_seconds=6, memory_bytes=2 * 1024**3)
GOOD = notebook(("99.1", SQUARES), ("99.2", TOTAL))


@pytest.fixture(autouse=True)
def small_exercise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_run, "load_exercise", lambda number: EXERCISE)


def hand_in(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = document if isinstance(document, str) else json.dumps(document)
    path.write_text(text, encoding="utf-8")
    return path


def verdict_of(path: Path, document: Any) -> Verdict:
    return judge(EXERCISE, read_submission(hand_in(path, document), EXERCISE), limits=LIMITS)


def test_right_answers_earn_every_point(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path / "a.ipynb", GOOD)
    assert (verdict.score, verdict.status, verdict.note, verdict.cells) == (4, "graded", "", [])


def test_each_check_earns_its_own_points(tmp_path: Path) -> None:
    verdict = verdict_of(
        tmp_path / "a.ipynb", notebook(("99.1", SQUARES.replace("i * i", "i")), ("99.2", TOTAL))
    )
    assert [result.earned for result in verdict.tasks] == [2, 1]
    assert verdict.status == "graded"


def test_a_failing_cell_costs_only_itself(tmp_path: Path) -> None:
    verdict = verdict_of(
        tmp_path / "a.ipynb", notebook(("", "1 / 0"), ("99.1", SQUARES), ("99.2", "def total(:"))
    )
    assert [result.earned for result in verdict.tasks] == [3, 0]
    assert [cell.error.split(":")[0] for cell in verdict.cells] == ["ZeroDivisionError", "SyntaxError"]


def test_answers_are_found_by_definition_when_the_numbers_are_gone(tmp_path: Path) -> None:
    path = hand_in(tmp_path / "a.ipynb", notebook(("", SQUARES), ("", TOTAL), exercise=None))
    assert set(read_submission(path, EXERCISE).found.values()) == {"definition"}
    assert judge(EXERCISE, read_submission(path, EXERCISE), limits=LIMITS).score == 4


def test_a_missing_answer_makes_it_partial(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path / "a.ipynb", notebook(("99.1", SQUARES)))
    assert (verdict.score, verdict.status) == (3, "partial")
    assert "99.2" in verdict.note


@pytest.mark.parametrize(
    "forever",
    ["while True: pass", "while True:\n    try:\n        while True: pass\n    except BaseException: pass"],
)
def test_a_cell_without_end_is_cut_off_and_the_rest_counts(tmp_path: Path, forever: str) -> None:
    verdict = verdict_of(tmp_path / "a.ipynb", notebook(("99.1", SQUARES), ("", forever), ("99.2", TOTAL)))
    assert (verdict.score, verdict.status) == (4, "timeout")
    assert "cell 2" in verdict.note


def test_a_check_without_end_costs_its_task(tmp_path: Path) -> None:
    endless = "def total(dataset):\n    while True: pass"
    verdict = verdict_of(tmp_path / "a.ipynb", notebook(("99.1", SQUARES), ("99.2", endless)))
    assert (verdict.score, verdict.status) == (3, "timeout")


@pytest.mark.parametrize(
    "end", ["import os; os._exit(0)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
)
def test_a_program_that_ends_itself_is_noted_and_the_rest_counts(tmp_path: Path, end: str) -> None:
    verdict = verdict_of(tmp_path / "a.ipynb", notebook(("99.1", SQUARES), ("", end), ("99.2", TOTAL)))
    assert (verdict.score, verdict.status) == (4, "crashed")
    inside = f"def total(dataset):\n    {end}"
    verdict = verdict_of(tmp_path / "b.ipynb", notebook(("99.2", inside), ("99.1", SQUARES)))
    assert (verdict.score, verdict.status) == (3, "crashed")


def test_system_exit_is_an_error_of_its_cell(tmp_path: Path) -> None:
    verdict = verdict_of(
        tmp_path / "a.ipynb", notebook(("", "raise SystemExit"), ("99.1", SQUARES), ("99.2", TOTAL))
    )
    assert (verdict.score, verdict.status) == (4, "graded")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's private memory")
def test_memory_is_bounded(tmp_path: Path) -> None:
    hungry = "def total(dataset):\n    return len(bytearray(8 * 1024**3))"
    verdict = verdict_of(tmp_path / "a.ipynb", notebook(("99.1", SQUARES), ("99.2", hungry)))
    assert verdict.score == 3
    assert verdict.tasks[1].checks[0].failure is not None
    assert "MemoryError" in verdict.tasks[1].checks[0].failure.got


def test_a_process_that_answers_nonsense_earns_nothing(tmp_path: Path) -> None:
    source = (
        "import gc\nfor each in gc.get_objects():\n    if type(each).__name__ == 'StudentPeer':\n"
        "        each.services['run_cell'] = lambda *cell: 1 / 0"
    )
    verdict = verdict_of(tmp_path / "a.ipynb", notebook(("", source), ("99.1", SQUARES), ("99.2", TOTAL)))
    assert (verdict.score, verdict.status, verdict.ran) == (0, "crashed", False)
    assert "tampered" in verdict.note


def test_checks_hints_and_looks_in_the_notebook_are_not_the_judges(tmp_path: Path) -> None:
    first = (
        "from course_lib.classroom import check, hint, look\n"
        "check('99.1'); hint('99.1'); look(exit, {'99.1': exit})"
    )
    verdict = verdict_of(tmp_path / "a.ipynb", notebook(("", first), ("99.1", SQUARES), ("99.2", TOTAL)))
    assert (verdict.score, verdict.cells) == (4, [])


def test_magics_are_not_run(tmp_path: Path) -> None:
    verdict = verdict_of(
        tmp_path / "a.ipynb", notebook(("99.1", "%matplotlib inline\n!ls\n" + SQUARES), ("99.2", TOTAL))
    )
    assert (verdict.score, verdict.cells) == (4, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ('{"cells": [', "no notebook"),
        ("[1, 2]", "no notebook"),
        ("[" * 100_000, "no notebook"),
        ('{"cells": 3}', "no notebook"),
        (json.dumps(notebook(("", "x = 1"), exercise=None)), "none of the tasks"),
        (json.dumps(notebook(("02.1", "x = 1"), exercise="02")), "exercise 02"),
        (json.dumps({"cells": [None, 3, {"cell_type": "code"}]}), "none of the tasks"),
    ],
)
def test_what_is_no_submission_is_rejected_with_a_clear_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        read_submission(hand_in(tmp_path / "a.ipynb", text), EXERCISE)


def test_missing_files_folders_and_binary_files_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "binary.ipynb").write_bytes(os.urandom(1000))
    for name in ("missing.ipynb", "binary.ipynb", "."):
        with pytest.raises(Rejected):
            read_submission(tmp_path / name, EXERCISE)


def test_a_class_with_every_kind_of_trouble(tmp_path: Path) -> None:
    folder, out = tmp_path / "class", tmp_path / "out"
    hand_in(folder / "ann.ipynb", GOOD)
    hand_in(folder / "=cmd()" / "homework.ipynb", GOOD)
    hand_in(folder / "bob" / "x.ipynb", notebook(("99.1", SQUARES)))
    hand_in(folder / "cut.ipynb", json.dumps(GOOD)[:300])
    hand_in(folder / "none.ipynb", "")
    hand_in(folder / "foreign.ipynb", notebook(("", "print(1)"), exercise=None))
    hand_in(folder / "loop.ipynb", notebook(("99.1", SQUARES), ("99.2", "while True: pass")))
    hand_in(folder / "two" / "one.ipynb", GOOD)
    hand_in(folder / "two" / "other.ipynb", GOOD)
    (folder / "nothing").mkdir()
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    grade_class([folder, tmp_path / "gone.ipynb"], out, limits=LIMITS)
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "student",
        "score",
        "max_score",
        "percent",
        "status",
        "tier",
        "late",
        "99.1",
        "99.2",
    ]
    found = {row["student"]: (row["score"], row["status"]) for row in rows}
    assert found == {
        "ann": ("4", "graded"),
        "'=cmd()": ("4", "graded"),
        "bob": ("3", "partial"),
        "cut": ("0", "rejected"),
        "none": ("0", "rejected"),
        "foreign": ("0", "rejected"),
        "loop": ("3", "timeout"),
        "two": ("0", "rejected"),
        "nothing": ("0", "rejected"),
        "gone": ("0", "rejected"),
    }
    assert {path: path.read_bytes() for path in folder.rglob("*.ipynb")} == before
    assert {path.name for path in tmp_path.iterdir()} == {"class", "out"}
    assert "cut.ipynb is no notebook" in (out / "feedback" / "cut.txt").read_text()
    details = json.loads((out / "results.json").read_text())
    assert len(details) == len(rows)


def test_the_roster_gives_the_ids(tmp_path: Path) -> None:
    hand_in(tmp_path / "in" / "Ann Lee.ipynb", GOOD)
    roster = hand_in(tmp_path / "roster.toml", '[students]\nal17 = "ann lee"\n')
    graded = grade_class([tmp_path / "in"], tmp_path / "out", roster=roster, limits=LIMITS)
    assert [each.student for each in graded] == ["al17"]


def test_nothing_to_grade_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no notebook"):
        grade_class([tmp_path], tmp_path / "out")


def test_links_are_not_followed(tmp_path: Path) -> None:
    hand_in(tmp_path / "secret.ipynb", GOOD)
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "link.ipynb").symlink_to(tmp_path / "secret.ipynb")
    assert find_submissions([tmp_path / "class"]) == []
