"""Exceptions that were wrapped arrive as what they were (lessons 11 and 17)."""

import json
import pickle
import signal
import threading

import pytest

from course_lib import ExceptionWrapper
from course_lib.loader.exceptions import describe_death


class OddError(Exception):
    def __init__(self, path, *, line):
        super().__init__(f"{path}:{line}")
        self.path = path
        self.line = line


class LockedError(ValueError):
    def __init__(self):
        super().__init__("locked")
        self.lock = threading.Lock()


class MixedError(KeyError, OSError):
    pass


class UnbuildableError(Exception):
    def __setstate__(self, state):
        raise TypeError("never again")


def wrapped(error):
    try:
        raise error
    except BaseException:
        return ExceptionWrapper(where="in a test")


def travel(error):
    wrapper = pickle.loads(pickle.dumps(wrapped(error)))
    with pytest.raises(BaseException) as caught:
        wrapper.reraise()
    return caught.value


def catch(function, *arguments):
    with pytest.raises(Exception) as caught:
        function(*arguments)
    return caught.value


ORDINARY = [
    ValueError("plain"),
    ValueError(),
    KeyError("missing"),
    KeyError(("a", 3)),
    OSError(28, "No space left", "data.bin"),
    FileNotFoundError(2, "No such file", "image.png"),
    catch(b"\xff".decode),
    catch(json.loads, "{"),
    catch(__import__, "no_such_module"),
    OddError("cat.png", line=3),
    ExceptionGroup("several", [ValueError(1), KeyError("k")]),
    StopIteration(5),
]


@pytest.mark.parametrize("error", ORDINARY, ids=lambda error: type(error).__name__)
def test_type_message_and_attributes_stay(error):
    arrived = travel(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    for name in (
        "errno",
        "filename",
        "start",
        "end",
        "reason",
        "name",
        "pos",
        "lineno",
        "path",
        "line",
        "value",
    ):
        assert getattr(arrived, name, None) == getattr(error, name, None)


def test_the_note_says_where_and_shows_the_traceback():
    (note,) = travel(KeyError("missing")).__notes__
    assert note.startswith("Caught KeyError in a test.\nOriginal Traceback")
    assert "in wrapped" in note
    assert "raise error" in note


def test_earlier_notes_stay():
    error = ValueError("x")
    error.add_note("sample 3")
    assert travel(error).__notes__[0] == "sample 3"


def test_what_cannot_be_pickled_becomes_its_description():
    arrived = travel(LockedError())
    assert type(arrived) is LockedError
    assert "lock" in arrived.lock


def test_two_built_in_ancestors():
    assert type(travel(MixedError(2, "both"))) is MixedError


def test_a_type_that_cannot_be_built_becomes_a_runtime_error_with_the_traceback():
    arrived = travel(UnbuildableError("x"))
    assert type(arrived) is RuntimeError
    assert "Caught UnbuildableError in a test" in str(arrived)


def test_public_attributes():
    wrapper = wrapped(ValueError("x"))
    assert wrapper.exc_type is ValueError
    assert "ValueError: x" in wrapper.exc_msg
    assert wrapper.where == "in a test"


def test_nothing_to_wrap():
    with pytest.raises(RuntimeError, match="no exception"):
        ExceptionWrapper()


def test_deaths_in_words():
    killed = describe_death(1, 99, -signal.SIGKILL)
    assert "DataLoader worker (pid 99), number 1, is killed by signal: Killed (SIGKILL)" in killed
    assert "when memory runs out" in killed
    assert "because memory ran out" in describe_death(1, 99, -signal.SIGKILL, memory_ran_out=True)
    assert "not the system for want of memory" in describe_death(1, 99, -signal.SIGKILL, memory_ran_out=False)
    assert "exited unexpectedly with exit code 3" in describe_death(0, 99, 3)
    assert "/dev/shm" in describe_death(0, 99, -signal.SIGBUS)
    assert "signal" in describe_death(0, 99, -60)
