"""Reports hold whatever students write, and do nothing with it."""

import csv
import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from small_class import EXERCISE, rows_of

from course_lib.classroom.exercises.expectations import Failure
from course_lib.classroom.exercises.runner import FAILED, PASSED, CheckResult, TaskResult
from course_lib.classroom.grading.graded import Graded, Run
from course_lib.classroom.grading.hand_in_names import owner_of_file
from course_lib.classroom.grading.histogram import histogram
from course_lib.classroom.grading.judge import Verdict
from course_lib.classroom.grading.records import verdict_from_data, verdict_to_data
from course_lib.classroom.grading.report import write_reports
from course_lib.classroom.grading.session import CellOutcome

RUN = Run("C", run_points=2, late_policy=True, checks="c" * 64, environment={"python": "3"}, missing=("zoe",))
NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><svg onload=alert(1)>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "\x1b]0;title\x07\x1b[31m",
    "abc\u202edcba",
    "\ud800",
    "\x00\x0b\x0c",
    "a\r\nb",
    "]]>",
    "`code` **bold** &amp;",
]


def graded(student: str, text: str, passed: bool = False) -> Graded:
    """A result in which every place that can hold a student's text holds it; through the wire's form."""
    failure = None if passed else Failure(text, text, text, text, text)
    tasks = [
        TaskResult(
            task,
            tuple(
                CheckResult(each.title, each.points, PASSED if passed else FAILED, failure)
                for each in EXERCISE.checks_of(task.number)
            ),
        )
        for task in EXERCISE.tasks
    ]
    verdict = Verdict(
        tasks, "graded", text, [CellOutcome("1", text)], False, {"99.1": "definition"}, [text], [text]
    )
    verdict = verdict_from_data(json.loads(json.dumps(verdict_to_data(verdict))), EXERCISE)
    return Graded(
        owner_of_file(student).student, owner_of_file(student).student, verdict, submission="1" * 64
    )


def check_all(out: Path, count: int) -> None:
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.reader(file))
    assert len(table) == count + 1
    assert not any(cell[:1] in "=+-@\t\r" and cell for row in table for cell in row)
    assert len(json.loads((out / "results.json").read_text(encoding="utf-8"))) == count
    suites = list(ElementTree.parse(out / "junit.xml").getroot())
    assert len(suites) == count
    for suite in suites:
        assert len(suite.findall("testcase")) == int(suite.attrib["tests"])
        assert len(suite.findall("testcase/failure")) == int(suite.attrib["failures"])
    pages = [out / "class.html", *(out / "feedback").glob("*.html")]
    assert len(pages) == count + 1
    for path in pages:
        check_page(path.read_text(encoding="utf-8"))
    for path in (out / "gradescope").glob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        assert document["score"] <= sum(test["max_score"] for test in document["tests"])


WORDS = """html head meta title style body h1 h2 p table tr td th div span b dl dt dd code br
figure figcaption svg rect text line"""
TAGS = set(WORDS.split())


def check_page(text: str) -> None:
    """Only our own tags are in it, and none of the characters that act."""
    tags = set(re.findall(r"</?([a-zA-Z!][^\s/>]*)", text)) - {"!DOCTYPE"}
    assert tags <= TAGS
    assert not re.search(r"<[^>]*\son\w+=", text)
    assert "default-src 'none'" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    for attribute in ("href=", "src=", "url(", "@import"):
        assert attribute not in re.sub(r">[^<]*<", "><", text).replace("default-src=", "")


def test_nothing_that_a_student_writes_acts(tmp_path: Path) -> None:
    results = [graded(text, text, passed=number % 3 == 0) for number, text in enumerate(NASTY)]
    write_reports(tmp_path / "out", EXERCISE, results, RUN)
    check_all(tmp_path / "out", len(results))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(), min_size=1, max_size=30), st.text(st.characters(), max_size=60))
def test_any_text_makes_good_reports(tmp_path: Path, student: str, text: str) -> None:
    out = tmp_path / str(abs(hash((student, text))))
    write_reports(out, EXERCISE, [graded(student, text)], RUN)
    check_all(out, 1)


def test_names_that_make_one_file_name_make_two_files(tmp_path: Path) -> None:
    write_reports(
        tmp_path, EXERCISE, [graded("a b", ""), graded("a_b", ""), graded("A:B", ""), graded("..", "")], RUN
    )
    names = sorted(path.name for path in (tmp_path / "feedback").glob("*.html"))
    assert names == ["A_B_3.html", "a_b.html", "a_b_2.html", "student.html"]


def test_the_columns_are_as_documented(tmp_path: Path) -> None:
    plain = Graded("ann", "a.ipynb", Verdict())
    write_reports(tmp_path, EXERCISE, [plain], Run("C"))
    wanted = ["student", "score", "max_score", "percent", "status", "tier", "late", "99.1", "99.2"]
    assert list(rows_of(tmp_path)["ann"]) == wanted
    write_reports(tmp_path, EXERCISE, [graded("ann", "x")], RUN)
    assert list(rows_of(tmp_path)["ann"]) == [*wanted, "runs", "penalty", "review"]


def test_gradescope_gets_its_form(tmp_path: Path) -> None:
    write_reports(tmp_path, EXERCISE, [graded("ann", "oh", passed=True)], RUN)
    document = json.loads((tmp_path / "gradescope" / "ann.json").read_text(encoding="utf-8"))
    assert document["score"] == 4
    assert [test["score"] for test in document["tests"]] == [1, 2, 1, 0]
    assert {test["status"] for test in document["tests"][:3]} == {"passed"}


@given(st.integers(0, 60).flatmap(lambda most: st.tuples(st.just(most), st.lists(st.integers(0, most)))))
def test_a_histogram_shows_every_value(case: tuple[int, list[int]]) -> None:
    most, values = case
    figure: Any = ElementTree.fromstring(histogram(values, most, "points <&>"))
    bars = figure.findall("svg/rect")
    counts = [int(text.text) for text in figure.findall("svg/text") if float(text.get("y")) < 126]
    assert sum(counts) == len(values)
    assert len(bars) == most + 1 or 8 < len(bars) <= 16


def test_equal_reports_come_from_equal_results(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_reports(tmp_path / name, EXERCISE, [graded("ann", "x")], RUN)
    for path in (tmp_path / "one").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
    with pytest.raises(FileNotFoundError):
        (tmp_path / "one" / ".grades.csv").read_bytes()
