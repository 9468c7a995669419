"""A class run: parallel, resumed, seeded, penalised; the same grades whatever happened on the way."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from small_class import GOOD, LIMITS, SQUARES, TOTAL, hand_in, make_course, notebook, rows_of

from course_lib.classroom.grading.class_run import Options, grade_class
from course_lib.classroom.grading.fingerprints import environment
from course_lib.classroom.grading.graded import Graded
from course_lib.classroom.grading.intake import Submission
from course_lib.classroom.grading.jobs import Job, Order
from course_lib.classroom.grading.pool import Worker

KEY = b"k" * 32


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_course(tmp_path_factory.mktemp("course"))


def options(course: Path, **more: Any) -> Options:
    return Options(limits=LIMITS, key=KEY, course=course, **more)


def grade(folder: Path, out: Path, course: Path, roster: Path | None = None, **more: Any) -> list[Graded]:
    return grade_class([folder], out, number="99", roster=roster, options=options(course, **more))


HIDDEN = '''
from course_lib.classroom.exercises.tasks import graded

@graded("99.1", "no squares at all", points=5)
def none(student, expect):
    """What of an empty one?

    The rest of this stays with the instructor.
    """
    expect(list(student.Squares(0)), tried="SECRET", rule="SECRET", next="SECRET").equals([])

@graded("99.2", "an empty dataset")
def empty(student, expect):
    expect(student.total([]), tried="SECRET", rule="SECRET", next="SECRET").is_close_to(0.0)
'''


def test_several_at_once_give_the_same_as_one_after_the_other(tmp_path: Path, course: Path) -> None:
    for number in range(6):
        squares = SQUARES if number % 2 else SQUARES.replace("i * i", "i")
        hand_in(tmp_path / "in" / f"s{number}.ipynb", notebook(("99.1", squares), ("99.2", TOTAL)))
    hand_in(tmp_path / "in" / "torn.ipynb", "{")
    hand_in(tmp_path / "hidden" / "test_99_more.py", HIDDEN)
    grade(tmp_path / "in", tmp_path / "one", course, hidden=tmp_path / "hidden")
    grade(tmp_path / "in", tmp_path / "two", course, hidden=tmp_path / "hidden", jobs=2)
    one, two = ((tmp_path / name / "grades.csv").read_bytes() for name in ("one", "two"))
    assert one == two


def test_unchanged_work_is_not_judged_again(tmp_path: Path, course: Path) -> None:
    hand_in(tmp_path / "in" / "ann.ipynb", GOOD)
    hand_in(tmp_path / "in" / "bob.ipynb", notebook(("99.1", SQUARES)))
    journal = tmp_path / "out" / "journal.jsonl"

    def lines() -> int:
        return len(journal.read_text().splitlines())

    grade(tmp_path / "in", tmp_path / "out", course)
    table = (tmp_path / "out" / "grades.csv").read_bytes()
    assert lines() == 2
    grade(tmp_path / "in", tmp_path / "out", course)
    assert (lines(), (tmp_path / "out" / "grades.csv").read_bytes()) == (2, table)
    hand_in(tmp_path / "in" / "bob.ipynb", GOOD)
    assert [each.score for each in grade(tmp_path / "in", tmp_path / "out", course)] == [4, 4]
    assert lines() == 3
    told: list[tuple[str, int, int]] = []
    grade_class(
        [tmp_path / "in"],
        tmp_path / "out",
        number="99",
        options=options(course, only=("ANN",), regrade=True),
        report=lambda each, done, total: told.append((each.student, done, total)),
    )
    assert lines() == 4
    assert told == [("ann", 1, 1)]
    assert list(rows_of(tmp_path / "out")) == ["ann", "bob"]  # what is known of the others stays
    grade(tmp_path / "in", tmp_path / "out", course, regrade=True)
    assert lines() == 6
    with pytest.raises(ValueError, match="nobody called carl"):
        grade(tmp_path / "in", tmp_path / "out", course, only=("carl",))


def test_other_checks_another_key_or_limit_mean_another_judgement(tmp_path: Path) -> None:
    course = make_course(tmp_path / "course")
    hand_in(tmp_path / "in" / "ann.ipynb", GOOD)
    journal = tmp_path / "out" / "journal.jsonl"
    grade(tmp_path / "in", tmp_path / "out", course)
    grade_class(
        [tmp_path / "in"], tmp_path / "out", number="99", options=Options(LIMITS, b"other", course=course)
    )
    assert len(journal.read_text().splitlines()) == 2
    checks = course / "tests" / "exercises" / "test_99_small.py"
    checks.write_text(checks.read_text().replace("points=2", "points=20"))
    assert grade(tmp_path / "in", tmp_path / "out", course)[0].score == 22
    assert len(journal.read_text().splitlines()) == 3


def test_a_journal_that_somebody_wrote_in_gives_no_points(tmp_path: Path, course: Path) -> None:
    hand_in(tmp_path / "in" / "ann.ipynb", notebook(("99.1", SQUARES)))
    grade(tmp_path / "in", tmp_path / "out", course)
    journal = tmp_path / "out" / "journal.jsonl"
    record = json.loads(journal.read_text())
    journal.write_text(json.dumps(record | {"record": {"verdict": {"tasks": "all"}}}) + "\n")
    assert [each.score for each in grade(tmp_path / "in", tmp_path / "out", course)] == [3]


def test_inputs_differ_by_student_and_stay(tmp_path: Path, course: Path) -> None:
    # Right for one number of squares only: the check asks for 2 to 8 of them, by the student's seed.
    guess = SQUARES.replace("return i * i", "return i * i if self.n == 5 else 0")
    for number in range(12):
        hand_in(tmp_path / "in" / f"s{number:02}.ipynb", notebook(("99.1", guess), ("99.2", TOTAL)))
    first = [each.score for each in grade(tmp_path / "in", tmp_path / "a", course)]
    again = [each.score for each in grade(tmp_path / "in", tmp_path / "b", course)]
    assert first == again
    assert len({each.seed for each in grade(tmp_path / "in", tmp_path / "a", course)}) == 12
    assert 3 in first


def test_hidden_checks_count_and_tell_title_and_hint_only(tmp_path: Path, course: Path) -> None:
    hand_in(tmp_path / "hidden" / "test_99_more.py", HIDDEN)
    wrong = SQUARES.replace("self.n = n", "self.n = max(n, 1)")
    hand_in(
        tmp_path / "in" / "ann.ipynb",
        notebook(("99.1", wrong), ("99.2", "def total(d): return 1 / 0")),
    )
    hand_in(tmp_path / "in" / "bob.ipynb", GOOD)
    graded = grade(tmp_path / "in", tmp_path / "out", course, hidden=tmp_path / "hidden")
    assert [each.score for each in graded] == [3, 10]
    assert rows_of(tmp_path / "out")["bob"]["max_score"] == "10"
    for name in ("feedback/ann.html", "feedback/ann.txt", "gradescope/ann.json", "junit.xml", "class.html"):
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert "SECRET" not in text
        assert "no squares at all" in text
    assert "What of an empty one?" in (tmp_path / "out" / "feedback" / "ann.html").read_text(encoding="utf-8")
    assert "SECRET" in (tmp_path / "out" / "results.json").read_text(encoding="utf-8")  # the instructor's
    with pytest.raises(ValueError, match="no hidden check for exercise 99"):
        grade(tmp_path / "in", tmp_path / "out", course, hidden=tmp_path / "in")


def test_what_a_hidden_check_asks_is_not_told_by_a_public_one(tmp_path: Path, course: Path) -> None:
    hand_in(tmp_path / "hidden" / "test_99_more.py", HIDDEN)
    spy = SQUARES.replace("self.n = n", "self.n = n; seen.append(n)")
    told = "def total(dataset):\n    raise ValueError(f'asked for {seen}')"
    hand_in(tmp_path / "in" / "ann.ipynb", notebook(("", "seen = []"), ("99.1", spy), ("99.2", told)))
    (graded,) = grade(tmp_path / "in", tmp_path / "out", course, hidden=tmp_path / "hidden")
    got = [check.failure.got for check in graded.verdict.tasks[1].checks if check.failure]
    assert ", 0]" not in got[0]
    assert ", 0]" not in (tmp_path / "out" / "feedback" / "ann.txt").read_text(encoding="utf-8")


def test_a_notebook_that_runs_earns_its_points(tmp_path: Path, course: Path) -> None:
    hand_in(tmp_path / "in" / "runs.ipynb", GOOD)
    hand_in(tmp_path / "in" / "fails.ipynb", notebook(("", "1 / 0"), ("99.1", SQUARES), ("99.2", TOTAL)))
    hand_in(
        tmp_path / "in" / "hangs.ipynb",
        notebook(("99.1", SQUARES), ("99.2", TOTAL), ("", "while True: pass")),
    )
    hand_in(tmp_path / "in" / "torn.ipynb", "{")
    grade(tmp_path / "in", tmp_path / "out", course, run_points=5)
    rows = rows_of(tmp_path / "out")
    assert {name: (row["score"], row["runs"]) for name, row in rows.items()} == {
        "runs": ("9", "5"),
        "fails": ("4", "0"),
        "hangs": ("4", "0"),
        "torn": ("0", "0"),
    }
    assert {row["max_score"] for row in rows.values()} == {"9"}


def test_late_work_costs_what_the_roster_says(tmp_path: Path, course: Path) -> None:
    for name in ("ann", "bob", "carl", "dora"):
        hand_in(tmp_path / "in" / f"{name}.ipynb", GOOD)
    roster = hand_in(
        tmp_path / "roster.toml",
        "deadline = 2026-11-20T00:00:00\n[late]\npoints_per_day = 1.5\n"
        '[students]\na1 = "ann"\nb2 = "bob"\nc3 = "carl"\nd4 = "dora"\ne5 = "emil"\n'
        "[extensions]\nc3 = 2026-11-30T00:00:00\n"
        "[submitted]\na1 = 2026-11-19T23:00:00\nb2 = 2026-11-20T01:00:00\nc3 = 2026-11-29T01:00:00\n",
    )
    os.utime(tmp_path / "in" / "ann.ipynb", (2e9, 2e9))  # a file's own time says nothing
    grade(tmp_path / "in", tmp_path / "out", course, roster)
    rows = rows_of(tmp_path / "out")
    assert {name: (row["score"], row["late"], row["penalty"]) for name, row in rows.items()} == {
        "a1": ("4", "", "0"),
        "b2": ("2.5", "1", "1.5"),
        "c3": ("4", "", "0"),
        "d4": ("4", "?", "0"),
    }
    assert "e5" in (tmp_path / "out" / "class.html").read_text(encoding="utf-8")


def test_who_is_not_on_the_roster_is_told(tmp_path: Path, course: Path) -> None:
    hand_in(tmp_path / "in" / "ann.ipynb", GOOD)
    roster = hand_in(tmp_path / "roster.toml", '[students]\na1 = "bob"\n')
    (graded,) = grade(tmp_path / "in", tmp_path / "out", course, roster)
    assert (graded.score, graded.note) == (4, "not on the roster")


def test_the_librarys_own_class_is_told_to_the_instructor(tmp_path: Path, course: Path) -> None:
    own = "from course_lib import random_split as r\nclass Squares(r):\n    pass\n"
    hand_in(tmp_path / "in" / "ann.ipynb", notebook(("99.1", own), ("99.2", TOTAL)))
    hand_in(tmp_path / "in" / "bob.ipynb", GOOD)
    grade(tmp_path / "in", tmp_path / "out", course)
    rows = rows_of(tmp_path / "out")
    assert rows["ann"]["review"] == "99.1 uses course_lib.random_split"
    assert rows["bob"]["review"] == ""
    assert "99.1 uses course_lib.random_split" in (tmp_path / "out" / "class.html").read_text(
        encoding="utf-8"
    )


def order(course: Path) -> Order:
    return Order("99", str(course), "", {}, "C", "other checks", environment())


@pytest.mark.slow
def test_a_worker_with_other_checks_refuses_to_judge(course: Path) -> None:
    worker = Worker(order(course))
    try:
        answer = worker.do(Job("ann", Submission((), {}), 0))
    finally:
        worker.close()
    assert "are others on this machine" in answer["refused"]


PROGRAM = """
import sys
from pathlib import Path
from course_lib.classroom.grading.class_run import Options, grade_class
from course_lib.classroom.grading.session import Limits

folder, out, course, jobs = sys.argv[1:]
if __name__ == "__main__":
    options = Options(Limits(cell_seconds=20), b"k" * 32, course=Path(course), jobs=int(jobs))
    grade_class([Path(folder)], Path(out), number="99", options=options)
"""


SQUARES_WORTH = {
    3: SQUARES,
    2: SQUARES.replace("i * i", "i + 1"),
    1: SQUARES.replace("return self.n", "return 1 + self.n"),
    0: "class Squares: pass",
}
TOTALS_WORTH = {1: TOTAL, 0: "def total(dataset): return -1"}
EQUAL = """
class Yes:
    def __eq__(self, other): return True
    __hash__ = None
"""
TAMPERS = """
import gc
for each in gc.get_objects():
    if type(each).__name__ == "StudentPeer":
        each.services["run_cell"] = lambda *cell: {"ok": 1 / 0}
"""


def mixed(folder: Path, count: int, rng: random.Random, *, hostile: bool = False) -> dict[str, str]:
    """Hand in a mix of right, wrong and broken work. Returns the points that each was made to get."""
    points = {}
    kinds = ["mix"] * 8 + ["torn", "foreign", "exits", "syntax", "half"]
    kinds += ["equal", "leaves", "tampers", "hangs"] if hostile else []
    for number in range(count):
        name, kind = f"s{number:03}", rng.choice(kinds)
        first, second = rng.choice(list(SQUARES_WORTH)), rng.choice(list(TOTALS_WORTH))
        cells = [("99.1", SQUARES_WORTH[first]), ("99.2", TOTALS_WORTH[second])]
        score, document = first + second, notebook(*cells)
        match kind:
            case "torn":
                document, score = json.dumps(notebook(*cells))[: rng.randrange(5, 300)], 0
            case "foreign":
                document, score = notebook(("", "print(1)"), exercise="98"), 0
            case "exits":
                document = notebook(cells[0], ("", "import os; os._exit(3)"), cells[1])
            case "syntax":
                document, score = notebook(("99.1", "class Squares(:"), cells[1]), second
            case "half":
                document, score = notebook(cells[0]), first
            case "equal":
                document = notebook(
                    ("99.1", EQUAL + SQUARES.replace("return i * i", "return Yes()")), cells[1]
                )
                score = 2 + second
            case "leaves":
                document = notebook(("", "raise SystemExit"), *cells, ("", "raise KeyboardInterrupt"))
            case "tampers":
                document, score = notebook(("", TAMPERS), *cells), 0
            case "hangs" if rng.random() < 0.2:
                document = notebook(cells[0], ("", "while True: pass"), cells[1])
        hand_in(folder / f"{name}.ipynb", document)
        points[name] = str(score)
    return points


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_a_run_killed_at_random_points_gives_the_same_grades(tmp_path: Path, course: Path) -> None:
    rng = random.Random(20261121)
    points = mixed(tmp_path / "in", 60, rng)
    program = hand_in(tmp_path / "program.py", PROGRAM)

    def start(out: str, jobs: int) -> "subprocess.Popen[bytes]":
        words = [
            sys.executable,
            str(program),
            str(tmp_path / "in"),
            str(tmp_path / out),
            str(course),
            str(jobs),
        ]
        return subprocess.Popen(words, start_new_session=True)

    assert start("calm", 2).wait(300) == 0
    journal = tmp_path / "torn" / "journal.jsonl"
    kills = 0
    while kills < 8:
        process = start("torn", 1 + kills % 2)
        before = len(journal.read_bytes()) if journal.exists() else 0
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            grown = journal.exists() and len(journal.read_bytes()) > before
            if grown or rng.random() < 0.002:
                break
            time.sleep(0.01)
        time.sleep(rng.random() * 0.4)
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break
        kills += 1
    assert kills >= 5
    assert start("torn", 2).wait(300) == 0
    calm, torn = ((tmp_path / name / "grades.csv").read_bytes() for name in ("calm", "torn"))
    assert calm == torn
    assert {name: row["score"] for name, row in rows_of(tmp_path / "torn").items()} == points


@pytest.mark.slow
def test_five_hundred_get_exactly_the_grades_that_they_were_made_to_get(tmp_path: Path, course: Path) -> None:
    points = mixed(tmp_path / "in", 500, random.Random(7), hostile=True)
    grade(tmp_path / "in", tmp_path / "out", course, jobs=2)
    assert {name: row["score"] for name, row in rows_of(tmp_path / "out").items()} == points


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_workers_that_are_killed_are_replaced(tmp_path: Path, course: Path) -> None:
    import psutil

    points = mixed(tmp_path / "in", 40, random.Random(3))
    rng = random.Random(1)
    killed: list[int] = []

    def kill_one(graded: Graded, done: int, total: int) -> None:
        workers = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
        workers = [each for each in workers if "grading.worker" in " ".join(each.cmdline())]
        if workers and done % 10 == 5:
            victim = rng.choice(workers)
            killed.append(victim.pid)
            victim.kill()

    grade_class(
        [tmp_path / "in"], tmp_path / "out", number="99", options=options(course, jobs=2), report=kill_one
    )
    assert len(killed) >= 3
    assert {name: row["score"] for name, row in rows_of(tmp_path / "out").items()} == points
