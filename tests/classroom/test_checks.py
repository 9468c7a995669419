"""Checks over the loopback: proxies, expectations, what a failing check says."""

import contextlib
import dataclasses
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from small_course import EXERCISE, SQUARES, TOTAL, WORDS, Counting, names

from course_lib.classroom.exercises.cards import inline, plain, result_card
from course_lib.classroom.exercises.errors import RemoteError
from course_lib.classroom.exercises.expectations import CheckFailed, Expect
from course_lib.classroom.exercises.practice import check_in
from course_lib.classroom.exercises.runner import ERROR, FAILED, PASSED, TIMEOUT, UNWRITTEN
from course_lib.classroom.exercises.sides import HandleError, JudgePeer, Room, Student, loopback

Connect = Callable[[str], JudgePeer]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connect a judge to a namespace that some code makes."""
    with contextlib.ExitStack() as connections:
        yield lambda source: connections.enter_context(loopback(names(source)))


def statuses(*sources: str, task: str = "99.1") -> list[str]:
    return [check.status for check in check_in(names(*sources), EXERCISE, task).checks]


def test_a_right_answer_passes() -> None:
    assert statuses(SQUARES) == [PASSED, PASSED]
    assert statuses(TOTAL, task="99.2") == [PASSED]


def test_a_wrong_answer_fails_where_it_is_wrong() -> None:
    assert statuses(SQUARES.replace("i * i", "i + i")) == [FAILED, PASSED]
    assert statuses(SQUARES.replace("past the end", "nothing")) == [FAILED, PASSED]
    assert statuses(SQUARES.replace("return self.n", "return 5")) == [PASSED, FAILED]


def test_a_stub_is_not_written_yet_rather_than_wrong() -> None:
    assert statuses("def Squares(n):\n    raise NotImplementedError") == [UNWRITTEN, UNWRITTEN]
    card = result_card([check_in(names("def Squares(n):\n    raise NotImplementedError"), EXERCISE, "99.1")])
    assert "Not written yet; 2 checks wait" in card.text


def test_a_stub_is_unwritten_also_where_an_exception_is_expected(connect: Connect) -> None:
    stub = "class Squares:\n    def __getitem__(self, index):\n        raise NotImplementedError"
    student = Student(connect(stub))
    with pytest.raises(NotImplementedError):
        Expect().raises(IndexError, lambda: student.Squares()[3], **WORDS)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot interrupt a loop from outside")
def test_a_check_without_end_is_interrupted_in_the_notebook_too() -> None:
    check = dataclasses.replace(EXERCISE.checks_of("99.2")[0], seconds=0.5)
    forever = """
def total(dataset):
    while True:
        try:
            len(dataset)
        except Exception:
            pass
"""
    result = check_in(names(forever), dataclasses.replace(EXERCISE, checks=[check]), "99.2")
    assert [found.status for found in result.checks] == [TIMEOUT]
    assert "no answer after 0.5 seconds" in result_card([result]).text


def test_a_check_computes_in_one_thread_as_the_grader_does_and_leaves_the_notebook_its_own() -> None:
    """On busy cores several threads in small tensors took six times as long: checks ran out of time."""
    before = torch.get_num_threads()
    counting = TOTAL.replace("def total", "threads = []\ndef total").replace(
        "return", "threads.append(__import__('torch').get_num_threads())\n    return"
    )
    namespace = names(counting)
    try:
        torch.set_num_threads(2)
        assert check_in(namespace, EXERCISE, "99.2").checks[0].status == PASSED
        assert set(namespace["threads"]) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_missing_name_says_to_run_the_cell() -> None:
    result = check_in({}, EXERCISE, "99.1")
    assert result.earned == 0
    assert "run the cell that defines it" in result_card([result]).text


def test_an_error_in_the_students_code_names_its_line() -> None:
    card = result_card([check_in(names(SQUARES.replace("i * i", "1 // 0")), EXERCISE, "99.1")])
    assert "ZeroDivisionError" in card.text
    assert "line 10 of the cell: return 1 // 0" in card.text


def test_a_wrong_type_is_a_failure_not_a_crash_of_the_check() -> None:
    assert statuses("def total(dataset):\n    return None", task="99.2") == [FAILED]
    assert statuses("class Squares:\n    def __init__(self, n): pass") == [ERROR, ERROR]


@pytest.mark.parametrize(
    "cheat",
    [
        "from course_lib import random_split as Squares",
        "from torch.utils.data import random_split as Squares",
        "import course_lib\ndef Squares(n):\n    return course_lib.random_split(range(n), [n])",
        "def Squares(n):\n    from torch.utils.data import random_split as r\n    return r(range(n), [n])",
    ],
)
def test_the_librarys_own_answer_is_absent(cheat: str) -> None:
    result = check_in(names(cheat), EXERCISE, "99.1")
    assert result.earned == 0
    text = result_card([result]).text
    assert "random_split" in text or "the library's own" in text


def test_the_library_is_whole_again_after_the_checks() -> None:
    import course_lib

    before = course_lib.random_split
    namespace = names("from course_lib import random_split\nkept = random_split", SQUARES)
    check_in(namespace, EXERCISE, "99.1")
    assert course_lib.random_split is before is namespace["random_split"] is namespace["kept"]
    assert torch.utils.data.random_split
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = torch.utils.data.nonsense
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = course_lib.nonsense


def test_reads_of_the_judges_dataset_are_counted_in_worker_processes_too() -> None:
    source = """
import torch
def total(dataset):
    loader = torch.utils.data.DataLoader(dataset, batch_size=2, num_workers=2)
    return float(sum(batch.sum() for batch in loader))
"""
    before = set(threading.enumerate())  # earlier tests may have left some, which end when they like
    assert statuses(source, task="99.2") == [PASSED]
    started = set(threading.enumerate()) - before
    for thread in started:
        thread.join(60)  # those that served the workers
    assert not any(thread.is_alive() for thread in started)


def test_a_handle_is_no_value(connect: Connect) -> None:
    peer = connect(SQUARES)
    found = Student(peer).Squares(3)
    for use in (lambda: found == 3, lambda: bool(found), lambda: 3 in found):
        with pytest.raises(HandleError):
            use()


def test_always_equal_objects_do_not_equal() -> None:
    source = """
class Always:
    def __eq__(self, other): return True
    def __float__(self): return 10.0
class AlwaysInt(int):
    def __eq__(self, other): return True
def total(dataset):
    [dataset[i] for i in range(len(dataset))]
    return WHAT
"""
    for what in ("Always()", "AlwaysInt(3)", "[Always()]", "float('nan')"):
        assert statuses(source.replace("WHAT", what), task="99.2") == [FAILED]


def test_errors_cross_with_their_type_in_both_directions(connect: Connect) -> None:
    source = """
def read(dataset, index):
    try:
        return dataset[index]
    except IndexError as error:
        return f"caught {error}"
class Special(KeyError):
    pass
def fail():
    raise Special("a key")
"""
    peer = connect(source)
    student = Student(peer)
    assert student.read(Counting(3), 7) == "caught no sample 7"
    with pytest.raises(KeyError) as caught:
        student.fail()
    assert isinstance(caught.value, RemoteError)
    assert caught.value.type_names[:2] == ("Special", "KeyError")
    assert str(caught.value) == "a key"


def test_the_judges_private_attributes_stay_private(connect: Connect) -> None:
    source = """
def steal(dataset):
    return dataset._secret
def climb(dataset):
    return dataset._peer.request("get", dataset, "__class__")
def forge(dataset):
    dataset._secret = 1
"""
    student = Student(connect(source))
    dataset = Counting(3)
    dataset._secret = 42  # type: ignore[attr-defined]
    for act in (student.steal, student.climb, student.forge):
        with pytest.raises(AttributeError):
            act(dataset)


def test_an_endless_iteration_is_stopped_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course_lib.classroom.exercises.runner.MAX_ITEMS", 500)
    source = """
import itertools
class Squares:
    def __init__(self, n): pass
    def __iter__(self): return itertools.count()
"""
    card = result_card([check_in(names(source), EXERCISE, "99.1")])
    assert "does it ever end?" in card.text


def test_objects_are_forgotten_when_nobody_holds_them(connect: Connect) -> None:
    peer = connect("class Big:\n    size = 3\ndef make():\n    return Big()")
    student = Student(peer)
    for _ in range(100):
        assert student.make().size == 3
    table = peer.transport.__self__._objects  # type: ignore[union-attr]
    assert len(table) < 10


def test_room_sees_the_random_state(connect: Connect) -> None:
    peer = connect("import torch\ndef draw():\n    torch.rand(1)")
    student, room = Student(peer), Room(peer)
    before = room.random_state()
    assert room.random_state() == before
    student.draw()
    assert room.random_state() != before


@pytest.mark.parametrize(
    ("method", "value", "argument"),
    [
        ("equals", [1, 2], [1, 3]),
        ("differs_from", 3, 3),
        ("is_close_to", 1.0, 1.1),
        ("is_close_to", float("nan"), 1.0),
        ("is_close_to", torch.tensor([1.0, float("nan")]), torch.tensor([1.0, 2.0])),
        ("is_at_most", 3, 2),
        ("is_at_most", float("nan"), 2),
        ("is_at_least", "a", 2),
        ("contains", "abc", "d"),
        ("contains", [1], 2),
        ("has_length", [1], 2),
        ("has_length", 3, 2),
        ("is_a", [1], tuple),
        ("is_true", False, "yes"),
        ("is_true", 1, "yes"),
    ],
)
def test_every_expectation_can_fail(method: str, value: Any, argument: Any) -> None:
    with pytest.raises(CheckFailed) as failed:
        getattr(Expect()(value, **WORDS), method)(argument)
    failure = failed.value.failure
    assert (failure.tried, failure.rule, failure.next) == ("what was tried", "the rule", "what next")
    assert failure.got
    assert failure.expected


def test_expect_raises_fails_for_no_error_another_error_and_another_message(connect: Connect) -> None:
    student = Student(connect("def fine():\n    return 3\ndef bad():\n    raise ValueError('sizes 3 and 4')"))
    Expect().raises(ValueError, lambda: student.bad(), saying="sizes 3", **WORDS)
    with pytest.raises(CheckFailed):
        Expect().raises(ValueError, lambda: student.fine(), **WORDS)
    with pytest.raises(CheckFailed):
        Expect().raises(TypeError, lambda: student.bad(), **WORDS)
    with pytest.raises(CheckFailed):
        Expect().raises(ValueError, lambda: student.bad(), saying="sizes 5", **WORDS)


def test_cards_escape_the_students_text() -> None:
    source = (
        "class Squares:\n    def __init__(self, n):\n        raise ValueError('<script>alert(1)</script>')"
    )
    card = result_card([check_in(names(source), EXERCISE, "99.1")])
    assert "<script>" not in card.html
    assert "&lt;script&gt;" in card.html


def test_cards_show_bold_words_and_leave_powers_alone() -> None:
    words = "`% 2**32` is **no** `**`"
    assert plain(words) == "`% 2**32` is no `**`"
    assert inline(words) == "<code>% 2**32</code> is <b>no</b> <code>**</code>"
    assert plain("2**31; **expected** 2**32") == "2**31; expected 2**32"
    for power in ("x ** 2 and y ** 3", "2**5", "2**31 instead of 2**32"):
        assert plain(power) == inline(power) == power


def test_an_error_that_repeats_is_told_once() -> None:
    card = result_card(
        [check_in(names("class Squares:\n    def __init__(self, n):\n        oops"), EXERCISE, "99.1")]
    )
    assert card.text.count("name 'oops' is not defined") == 1
    lines = [line.strip() for line in card.text.splitlines()]
    place = lines.index("Got: the same error as above.")
    assert lines[place - 1].startswith("Tried: `Squares(")
    assert card.html.count("name &#x27;oops&#x27; is not defined") == 1
