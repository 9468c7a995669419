"""`look()`: the student's own answers in a picture, ungraded and without a failure."""

from typing import Any

import pytest

from course_lib.classroom import look


def unwritten() -> Any:
    raise NotImplementedError


def broken() -> Any:
    raise IndexError("list index out of range")


def test_draws_what_the_answers_give() -> None:
    assert look(dict, {"99.1": lambda: 1, "99.2 twice": lambda: 2}) == {"99.1": 1, "99.2 twice": 2}


def test_says_kindly_what_is_not_there_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert look(dict, {"99.1": unwritten, "99.2": lambda: 2}) == {"99.2": 2}
    assert capsys.readouterr().out == "99.1: not written yet, so there is nothing to look at.\n"


def test_without_any_answer_there_is_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert look(dict, {"99.1": unwritten, "99.2": unwritten}) is None
    assert capsys.readouterr().out.count("not written yet") == 2


def test_an_answer_that_fails_spoils_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert look(dict, {"99.1": broken, "99.2": lambda: 2}) == {"99.2": 2}
    line = capsys.readouterr().out
    assert line.startswith("99.1: stops with IndexError: list index out of range.")
    assert "check" in line


def test_what_cannot_be_drawn_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def draw(seen: dict[str, Any]) -> None:
        raise ValueError("no samples")

    assert look(draw, {"99.1": list}) is None
    assert "There is no picture of 99.1: ValueError: no samples" in capsys.readouterr().out
