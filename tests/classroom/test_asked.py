"""When a check gets no answer, its message names the question: as code that can be asked again."""

import contextlib
import dataclasses
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_course import EXERCISE, SQUARES, WORDS, Counting, names

from course_lib.classroom.exercises.asked import Asked
from course_lib.classroom.exercises.cards import result_card
from course_lib.classroom.exercises.errors import RemoteError
from course_lib.classroom.exercises.practice import check_in
from course_lib.classroom.exercises.runner import CRASHED, ERROR, TIMEOUT, UNWRITTEN, CheckResult, run_task
from course_lib.classroom.exercises.sides import JudgePeer, Room, Student, loopback
from course_lib.classroom.exercises.tasks import Exercise, Task, graded
from course_lib.classroom.grading.session import CodeCell, Limits, Session

Connect = Callable[[str], JudgePeer]
BROKEN = """
import torch
def double(x): return 2 * x
def broken(*arguments, **keywords): raise ValueError("no")
def returns(value): return value
def calls(function): return function(3)
class Squares:
    def __init__(self, n): self.n = n
    def __len__(self): raise ValueError("no")
    def __getitem__(self, index): raise ValueError("no")
    def __iter__(self): raise ValueError("no")
    def half(self): return Half()
class Half:
    def __getitems__(self, indices): raise ValueError("no")
    def __iter__(self):
        yield 1
        raise ValueError("no")
"""


@pytest.fixture
def connect() -> Iterator[Connect]:
    with contextlib.ExitStack() as connections:
        yield lambda source: connections.enter_context(loopback(names(source)))


def tried(function: Callable[..., None], source: str = BROKEN) -> CheckResult:
    """Run one check of a task; return how it went."""
    exercise = Exercise(
        "99", "small", (Task("99.1", "One", ("broken",), ("think",), 1, 1, 1),), [function.graded_check]
    )
    return check_in(names(source), exercise, "99.1").checks[0]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda s: s.broken(3), "`broken(3)`"),
        (lambda s: s.broken([1, 2], size=(4,), name="a"), "`broken([1, 2], size=(4,), name='a')`"),
        (lambda s: s.Squares(3)[1], "`Squares(3)[1]`"),
        (lambda s: s.Half().__getitems__([1, 0]), "`Half().__getitems__([1, 0])`"),
        (lambda s: len(s.Squares(3)), "`len(Squares(3))`"),
        (lambda s: iter(s.Squares(3)), "`iter(Squares(3))`"),
        (lambda s: s.Squares(3).n.real.nothing, "`Squares(3).n`"),
        (lambda s: s.Squares(2).missing, "`Squares(2).missing`"),
        (lambda s: list(s.Squares(2).half()), "going over `Squares(2).half()`"),
        (lambda s: s.broken(s.Squares(5)), "`broken(Squares(5))`"),
        (lambda s: s.broken([s.Squares(5), s.double]), "`broken([Squares(5), double])`"),
        (lambda s: s.double(s.broken), "`double(broken)`"),
        (lambda s: s.broken(Counting(3)), "`broken(<Counting>)`"),
        (lambda s: s.broken(lambda x: x), "`broken(<function>)`"),
        (lambda s: s.broken(len), "`broken(<builtin_function_or_method>)`"),
    ],
)
def test_the_question_that_got_no_answer_is_named(ask: Callable[[Any], Any], words: str) -> None:
    @graded("99.1", "a check")
    def check(student: Any, expect: Any) -> None:
        expect(ask(student), **WORDS).equals(None)

    result = tried(check)
    assert (result.status, result.failure.tried) == (ERROR, words)
    assert result.earned == 0


def test_a_check_that_cannot_use_an_answer_names_its_question_too() -> None:
    @graded("99.1", "a check")
    def check(student: Any, expect: Any) -> None:
        expect(len(student.returns(3)), **WORDS).equals(1)

    assert tried(check).failure.tried == "`returns(3)`"


def test_what_a_check_does_for_itself_is_not_what_it_tried() -> None:
    @graded("99.1", "cleans up")
    def cleans_up(student: Any, room: Any, expect: Any) -> None:
        try:
            expect(student.broken(1), **WORDS).equals(1)
        finally:
            room.module("gc").collect()

    @graded("99.1", "prepares")
    def prepares(student: Any, room: Any, expect: Any) -> None:
        model = room.module("torch").nn.Linear(2, 3)
        expect(student.broken(model, model.parameters()), **WORDS).equals(1)

    @graded("99.1", "asked back")
    def asked_back(student: Any, expect: Any) -> None:
        expect(student.calls(lambda value: student.double(value) / 0), **WORDS).equals(1)

    assert tried(cleans_up).failure.tried == "`broken(1)`"
    assert tried(prepares).failure.tried == (
        "`broken(torch.nn.Linear(2, 3), torch.nn.Linear(2, 3).parameters())`"
    )
    assert tried(asked_back).failure.tried == "`calls(<function>)`"


def test_each_check_begins_anew_and_a_missing_name_says_so_itself() -> None:
    assert "Tried" not in result_card([check_in({}, EXERCISE, "99.1")]).text
    check = EXERCISE.checks_of("99.1")[1]
    source = SQUARES.replace("return self.n", "return 1 // 0")
    card = result_card([check_in(names(source), dataclasses.replace(EXERCISE, checks=[check]), "99.1")])
    assert "    Tried: `len(Squares(4))`\n" in card.text
    assert "<b>Tried</b> <code>len(Squares(4))</code>" in card.html


def test_a_stub_was_not_tried() -> None:
    result = check_in(names("def Squares(n):\n    raise NotImplementedError"), EXERCISE, "99.1").checks[0]
    assert result.status == UNWRITTEN
    assert result.failure.tried == result.title


@pytest.mark.skipif(os.name == "nt", reason="the grader's processes need a Unix")
@pytest.mark.parametrize(
    ("body", "status"), [("while True: pass", TIMEOUT), ("import os; os._exit(3)", CRASHED)]
)
def test_a_question_that_hangs_or_ends_the_program_is_named(body: str, status: str) -> None:
    check = dataclasses.replace(EXERCISE.checks_of("99.1")[1], seconds=1)
    exercise = dataclasses.replace(EXERCISE, checks=[check])
    with Session(Limits()) as session:
        session.run([CodeCell("99.1", SQUARES.replace("return self.n", body))])
        (result,) = run_task(exercise, "99.1", session.peer, seed=0, bounds=session).checks
    assert (result.status, result.failure.tried) == (status, "`len(Squares(4))`")


class Unshowable:
    def __repr__(self) -> str:
        raise ValueError("not today")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (torch.tensor([[1, 2], [3, 4]]), "torch.tensor([[1, 2], [3, 4]])"),
        (torch.zeros(3, 28, 28), "<float32 tensor of shape (3, 28, 28)>"),
        (torch.tensor([1, 2], dtype=torch.uint8), "<uint8 tensor of shape (2,)>"),
        (torch.tensor(3), "torch.tensor(3)"),
        (torch.empty(0, 3), "<float32 tensor of shape (0, 3)>"),
        (np.array([0.5, 1.5]), "np.array([0.5, 1.5])"),
        (np.float32(0.5), "np.float32(0.5)"),
        (np.zeros(40), "<float64 array of shape (40,)>"),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, …]"),
        ({"b": [1], "a": ()}, "{'b': [1], 'a': ()}"),
        ({"bee", "ant"}, "{'ant', 'bee'}"),
        ([[[[[1]]]]], "[[[…]]]"),
        (range(4), "range(0, 4)"),
        (slice(1, None), "slice(1, None, None)"),
        (b"x" * 500, "<bytes of length 500>"),
        ("word " * 1000, "<str of length 5,000>"),
        pytest.param(10**10_000, "<int>", id="an int of 10,000 digits"),
        (Unshowable(), "<Unshowable>"),
        (object(), "<object>"),
        (SimpleNamespace(x=object()), "<SimpleNamespace>"),
        (int, "int"),
        (torch.Generator(), "<Generator>"),
        (Path("/tmp/course-42/images"), "<path>"),
        ("/tmp/course-42/images", "<path>"),
        ("images/cat.png", "'images/cat.png'"),
        ("a`b\nc", "'a'b\\nc'"),
    ],
)
def test_values_are_written_short_and_the_same_in_every_run(value: Any, written: str) -> None:
    question = Asked().question("call", [int, [value], {}])
    assert question is not None
    assert question.words == f"`int({written})`"


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 99)
    | st.floats(allow_nan=False, width=16)
    | st.text("ab é", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text("xy", max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(st.lists(plain, max_size=2), st.dictionaries(st.sampled_from(["size", "seed"]), plain))
def test_what_is_written_in_full_gives_the_same_when_it_is_asked_again(
    arguments: list[Any], keywords: dict[str, Any]
) -> None:
    question = Asked().question("call", [dict, arguments, keywords])
    assert question is not None
    assert len(question.words) <= 210
    if "…" not in question.code:
        again = eval(question.code, {"dict": lambda *a, **k: (list(a), k), "inf": float("inf")})
        assert again == (arguments, keywords)


def test_noting_a_question_keeps_nothing_alive(connect: Connect) -> None:
    source = """
import gc, weakref
gone = []
class Thing:
    def __init__(self): weakref.finalize(self, gone.append, 1)
    def use(self, other): return 0
def count(): return len(gone)
"""
    student = Student(connect(source))
    thing, other = student.Thing(), student.Thing()
    thing.use(other)
    del thing, other
    gc.collect()
    student.count()  # tells the other side what is no longer held here
    assert student.count() == 2


def test_values_without_end_from_the_other_side_can_be_handed_back(connect: Connect) -> None:
    judge = connect("deep = []\nfor _ in range(40): deep = [deep]\ndef broken(x): raise ValueError('no')")
    with pytest.raises(RemoteError):
        Student(judge).broken(Student(judge).deep)
    assert judge.asked.words == "`broken([[[…]]])`"
    assert Room(judge).random_state()
    assert judge.asked.words == "`broken([[[…]]])`"
