"""What a check has just asked of the student's code, as the student would write it: `batches([3, 1, 2], 2)`.

A check says what it tried when an answer is wrong. When no answer comes, because the code raises or hangs,
the question itself is the best there is to show: it can be asked again in a cell.
"""

import os
from collections.abc import Sequence
from itertools import islice
from math import prod
from types import FunctionType, MethodType
from typing import Any, NamedTuple

from course_lib.classroom.exercises.peer import Proxy

_VALUE, _QUESTION = 100, 200  # the largest numbers of letters
_ITEMS, _ELEMENTS, _DEPTH = 8, 32, 3
_CONTAINERS: dict[Any, str] = {list: "[]", tuple: "()", dict: "{}", set: "{}"}
# What makes an array again, and the dtypes that it makes of plain numbers.
_ARRAYS = {
    "torch": ("torch.tensor", {"int64", "float32", "bool"}),
    "numpy": ("np.array", {"int64", "float64", "bool"}),
}


class Question(NamedTuple):
    """A request to the student's side.

    Attributes:
        code: what gives the same answer.
        words: what to say about it in a message; "" if it says nothing new.
        is_for_student: whether it concerns something of the student's, and not only what the check has made
            there for itself, such as a model of torch's.
    """

    code: str
    words: str
    is_for_student: bool


class Asked:
    """Puts the requests of one check into words.

    Attributes:
        words: what to say about the latest question to the student's code; "" before the first.
    """

    def __init__(self) -> None:
        self.words = ""
        self._known: dict[int, Question] = {}  # by the number of an object: what gave it
        self._is_for_student = False

    def question(self, operation: str, operands: Sequence[Any]) -> Question | None:
        """Put a request into words; None for what checks do behind the scenes."""
        self._is_for_student = operation == "name"
        match operation, operands:
            case (("name" | "module"), [name]):
                return Question(str(name), "", operation == "name")  # A missing name says so itself.
            case ("next", [source]) | ("take", [source, _]):
                code = self._write(source)
                whole = code[len("iter(") : -1] if code.startswith("iter(") else code
                return Question(f"next({code})", f"going over {_as_code(whole)}", self._is_for_student)
            case "get", [target, name]:
                code = f"{self._write(target)}.{name}"
            case "set", [target, name, value]:
                code = f"{self._write(target)}.{name} = {self._write(value)}"
            case "call", [target, arguments, keywords]:
                written = [self._write(argument) for argument in arguments]
                written += [f"{name}={self._write(value)}" for name, value in keywords.items()]
                code = f"{self._write(target)}({', '.join(written)})"
            case "item", [target, key]:
                code = f"{self._write(target)}[{self._write(key)}]"
            case "items", [target, keys]:
                code = f"{self._write(target)}.__getitems__({self._write(keys)})"
            case "length", [target]:
                code = f"len({self._write(target)})"
            case "iterate", [target]:
                code = f"iter({self._write(target)})"
            case _:
                return None
        # A function without a name is a tool that the check has made there.
        words = "" if code.startswith("<function>") else _as_code(code)
        return Question(code, words, self._is_for_student)

    def note(self, question: Question | None) -> None:
        """Make a question the latest, if it is one to the student's code."""
        if question is not None and question.is_for_student:
            self.words = question.words

    def remember(self, question: Question | None, answer: Any) -> None:
        """Remember what gave an object, to name the object by it."""
        if question is not None and isinstance(answer, Proxy):
            self._known[answer._handle.number] = question

    def _write(self, value: Any, depth: int = 0) -> str:
        if isinstance(value, Proxy):
            return self._write_object(value)
        try:
            if type(value) in _CONTAINERS:
                return self._write_items(value, depth + 1) if depth < _DEPTH else "…"
            return _cut(_write_value(value), _VALUE)
        except Exception:  # A value may come from the other side: an int of a million digits cannot be shown.
            return f"<{type(value).__name__}>"

    def _write_object(self, value: Proxy) -> str:
        source = self._known.get(value._handle.number)
        if source is not None:
            self._is_for_student |= source.is_for_student
            if len(source.code) <= _VALUE:
                return source.code
        return f"<{value._handle.type_names[0]}>"

    def _write_items(self, values: Any, depth: int) -> str:
        opening, closing = tuple(_CONTAINERS[type(values)])
        written: list[str] = []
        # Sets of words have another order in every process. Those of the other side may be huge.
        is_small_set = type(values) is set and len(values) <= _ELEMENTS
        for value in islice(sorted(values, key=repr) if is_small_set else values, _ITEMS):
            text = self._write(value, depth)
            if type(values) is dict:
                text += f": {self._write(values[value], depth)}"
            if sum(map(len, written)) + len(text) > _VALUE:
                break
            written.append(text)
        if len(written) < len(values):
            written.append("…")
        elif type(values) is tuple and len(values) == 1:
            closing = ",)"
        return opening + ", ".join(written) + closing


def _write_value(value: Any) -> str:
    """Write a value as code where it is small and plain, else in <words>.

    The same in every run: without addresses, and without folders, which have other names each time.
    """
    kind = type(value)
    library = kind.__module__.split(".")[0]
    if isinstance(value, str | bytes) and len(value) > _VALUE:
        return f"<{kind.__name__} of length {len(value):,}>"
    if isinstance(value, str | os.PathLike) and os.path.isabs(value):
        return "<path>"
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, FunctionType | MethodType):
        return "<function>" if value.__name__ == "<lambda>" else f"<function {value.__name__}>"
    # NumPy's scalars write themselves as code; torch has tensors without dimensions instead.
    if hasattr(value, "tolist") and (library == "torch" or (library == "numpy" and value.shape)):
        return _write_array(value, *_ARRAYS[library])
    text = repr(value)
    return f"<{kind.__name__}>" if text.startswith("<") or " at 0x" in text else text


def _write_array(array: Any, function: str, plain: set[str]) -> str:
    dtype, shape = str(array.dtype).removeprefix("torch."), tuple(array.shape)
    if dtype in plain and 0 < prod(shape) <= _ELEMENTS:
        code = f"{function}({array.tolist()})"
        if len(code) <= _VALUE:
            return code
    return f"<{dtype} {function.split('.')[1]} of shape {shape}>"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 2] + " …"


def _as_code(text: str) -> str:
    text = text.replace("`", "'").replace("\n", " ")
    return f"`{_cut(text, _QUESTION)}`"
