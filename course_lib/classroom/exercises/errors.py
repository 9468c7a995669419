"""How an exception crosses: as the names of its type and its bases, its message, and where it was raised."""

import builtins
import linecache
import re
from collections.abc import Iterable
from functools import cache
from types import TracebackType
from typing import Any

#: The built-in types that an exception from the other side can be caught as. All take one message.
_CATCHABLE = [
    "IndexError",
    "KeyError",
    "LookupError",
    "NotImplementedError",
    "RecursionError",
    "RuntimeError",
    "ZeroDivisionError",
    "OverflowError",
    "ArithmeticError",
    "FileNotFoundError",
    "PermissionError",
    "FileExistsError",
    "TimeoutError",
    "ConnectionError",
    "OSError",
    "AttributeError",
    "ModuleNotFoundError",
    "ImportError",
    "NameError",
    "TypeError",
    "AssertionError",
    "MemoryError",
    "BufferError",
    "EOFError",
    "ValueError",
]
_CELL_FILE = re.compile(r"^<cell |ipykernel_|<ipython-input")
_MAX_TEXT = 2000


class RemoteError(Exception):
    """An exception that was raised on the other side.

    It is also an instance of the nearest built-in type, so that `except IndexError` and the old iteration
    protocol work across the wire.

    Attributes:
        type_names: the names of its type and the bases of it, most derived first.
        message: its text.
        where: the line of a notebook cell that raised it, or an empty string.
    """

    type_names: tuple[str, ...] = ()
    message: str = ""
    where: str = ""

    def __str__(self) -> str:
        return self.message

    @property
    def type_name(self) -> str:
        return self.type_names[0] if self.type_names else "Exception"


def remember_source(label: str, source: str) -> str:
    """Let tracebacks show the lines of a cell; returns the file name to compile it under."""
    file_name = f"<cell {label}>"
    linecache.cache[file_name] = (len(source), None, source.splitlines(keepends=True), file_name)
    return file_name


def describe(error: BaseException) -> tuple[list[str], str, str]:
    """Return the names of the error's types, its message and the line of the cell that raised it."""
    if isinstance(error, RemoteError):
        return list(error.type_names), error.message, error.where or _where(error.__traceback__)
    names = [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, BaseException)]
    try:
        message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    except Exception as failure:
        message = f"(its message cannot be read: {type(failure).__name__})"
    return names, message[:_MAX_TEXT], _where(error.__traceback__)


def is_unwritten(error: RemoteError) -> bool:
    """Tell whether the error is the `raise NotImplementedError` of a stub."""
    return "NotImplementedError" in error.type_names and not error.message


def revive(type_names: Iterable[str], message: str, where: str) -> RemoteError:
    """Make the exception that `describe` described."""
    names = tuple(type_names)
    base = next((name for name in names if name in _CATCHABLE), "")
    error: RemoteError = _class_for(base)(message)
    error.type_names, error.message, error.where = names, message, where
    return error


@cache
def _class_for(builtin: str) -> Any:
    if not builtin:
        return RemoteError
    return type(f"Remote{builtin}", (RemoteError, getattr(builtins, builtin)), {})


def _where(trace: TracebackType | None) -> str:
    """Name the last line of student code in a traceback: the frames of libraries say nothing to a student."""
    found = ""
    while trace is not None:
        file_name = trace.tb_frame.f_code.co_filename
        if _CELL_FILE.search(file_name):
            source = linecache.getline(file_name, trace.tb_lineno).strip()
            found = f"line {trace.tb_lineno} of the cell: {source}" if source else f"line {trace.tb_lineno}"
        trace = trace.tb_next
    return found
