"""`course grade --nbval`: each notebook once more, under nbval, in the sandbox."""

import pytest
from small_class import EXERCISE, GOOD, SQUARES, TOTAL, hand_in, make_course, notebook

from course_lib import platform
from course_lib.classroom.grading.class_run import Options, grade_class
from course_lib.classroom.grading.sandbox import NoSandbox, find_tier
from course_lib.classroom.grading.session import CodeCell, Limits, Session
from course_lib.classroom.grading.under_nbval import run_under_nbval

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not platform.can_fork(), reason="there is no sandbox without fork"),
]
LIMITS = Limits(cell_seconds=20, memory_bytes=2 * 1024**3)


def opener_at(name):
    try:
        tier = find_tier(name)
    except NoSandbox as problem:
        pytest.skip(str(problem))
    return lambda limits: Session(limits, tier)


def cells_of(*sources):
    return [CodeCell(f"cell {number}", source) for number, source in enumerate(sources, 1)]


@pytest.mark.parametrize("tier", ["A", "B", "C"])
def test_cells_run_in_a_kernel_at_each_tier(tier):
    cells = cells_of(
        "get_ipython().history_manager; n = 2", "import torch", "assert torch.arange(n).sum() == 1"
    )
    assert run_under_nbval(cells, LIMITS, opener_at(tier)) == "under nbval: all 3 cells ran"


def test_it_says_which_cells_failed_and_how():
    cells = cells_of("n = 1", "raise ValueError('so not')", "n + 1", "undefined")
    note = run_under_nbval(cells, LIMITS, opener_at(find_tier().name))
    assert note.startswith("under nbval: 2 of 4 cells failed: cell 2 (")
    assert "ValueError: so not" in note
    assert "NameError: name 'undefined' is not defined" in note


def test_a_cell_without_end_has_its_time():
    cells = cells_of("while True:\n    pass")
    note = run_under_nbval(cells, Limits(cell_seconds=3), opener_at(find_tier().name))
    assert note.startswith("under nbval: 1 of 1 cells failed: cell 1 (")


def test_a_run_without_end_gives_no_result():
    limits = Limits(cell_seconds=100, wall_seconds=15)
    note = run_under_nbval(cells_of("while True:\n    pass"), limits, opener_at(find_tier().name))
    assert note.startswith("under nbval: no result (")


def test_there_is_no_network_there_either():
    code = "import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=3)"
    note = run_under_nbval(cells_of(code), LIMITS, opener_at("A"))
    assert "1 of 1 cells failed" in note
    assert "PermissionError" in note or "unreachable" in note


FORGES = """
import os, pathlib
pathlib.Path("report.xml").unlink(missing_ok=True)
os.mkdir("report.xml")
"""


def test_what_it_says_earns_nothing_and_spoils_nothing(tmp_path):
    course = make_course(tmp_path / "course")
    hand_in(tmp_path / "in" / "good.ipynb", GOOD)
    hand_in(
        tmp_path / "in" / "bad.ipynb",
        notebook(("99.1", f"{SQUARES}\nraise KeyError('late')"), ("99.2", TOTAL)),
    )
    hand_in(tmp_path / "in" / "forges.ipynb", notebook(("99.1", f"{FORGES}\n{SQUARES}"), ("99.2", TOTAL)))
    plain = Options(limits=LIMITS, course=course, run_points=1)
    options = Options(limits=LIMITS, course=course, run_points=1, nbval=True)
    without = grade_class([tmp_path / "in"], tmp_path / "plain", number=EXERCISE.number, options=plain)
    graded = grade_class([tmp_path / "in"], tmp_path / "out", number=EXERCISE.number, options=options)
    assert [each.score for each in graded] == [each.score for each in without]
    assert not any("nbval" in line for each in without for line in each.verdict.notes)
    notes = {each.student: each.verdict.notes[0] for each in graded}
    assert notes["good"] == "under nbval: all 2 cells ran"
    assert "KeyError: 'late'" in notes["bad"]
    assert notes["forges"].startswith("under nbval: no result")
    # The journal knows which is which: run again, each as it was.
    again = grade_class([tmp_path / "in"], tmp_path / "out", number=EXERCISE.number, options=plain)
    assert not any("nbval" in line for each in again for line in each.verdict.notes)
