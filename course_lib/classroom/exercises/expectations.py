"""`expect`, the only way for a check to fail: what was tried, got and expected, the rule, the next step."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from course_lib.classroom.exercises.errors import RemoteError, is_unwritten
from course_lib.classroom.exercises.peer import Proxy

_SHOWN = 160


@dataclass(frozen=True)
class Failure:
    """The four parts of a failing check's message (got and expected are one part)."""

    tried: str
    got: str
    expected: str
    rule: str
    next: str


class CheckFailed(AssertionError):  # noqa: N818  (a notebook shows this name to students)
    """A check did not hold. `failure` is a `Failure`, or a list of them where several checks failed."""

    def __init__(self, failure: Any) -> None:
        super().__init__(failure)
        self.failure = failure


class Expect:
    """Make expectations, and count them: a check that expects nothing proves nothing."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, value: Any, *, tried: str, rule: str, next: str, got: str = "") -> "Expectation":
        """Begin an expectation about `value`.

        Args:
            value: what the student's code gave.
            tried: what was done with the code ("labels with 90 zeros and 10 ones, batches of 10").
            rule: the law that must hold, in a sentence.
            next: what to look at now.
            got: words for the value, where its own form says little.
        """
        self.count += 1
        return Expectation(value, tried, rule, next, got)

    def raises(
        self,
        kinds: type[Exception] | tuple[type[Exception], ...],
        action: Callable[[], Any],
        *,
        tried: str,
        rule: str,
        next: str,
        saying: str = "",
    ) -> RemoteError:
        """Expect that `action()` raises one of `kinds`, with `saying` somewhere in its message."""
        self.count += 1
        wanted = kinds if isinstance(kinds, tuple) else (kinds,)
        names = " or ".join(kind.__name__ for kind in wanted)
        expectation = Expectation(None, tried, rule, next, "")
        try:
            value = action()
        except RemoteError as error:
            if is_unwritten(error) and NotImplementedError not in wanted:
                raise
            got = f"{error.type_name}: {error.message}"
            if not any(kind.__name__ in error.type_names for kind in wanted):
                expectation.fail(f"{got} ({error.where})" if error.where else got, f"{names}")
            if saying.lower() not in error.message.lower():
                expectation.fail(got, f"{names} with {saying!r} in its message")
            return error
        expectation.fail(f"{show(value)}, no error", names)


class Expectation:
    """A value, and the words for the case that it is not as it must be."""

    def __init__(self, value: Any, tried: str, rule: str, next: str, got: str) -> None:
        self._value, self._tried, self._rule, self._next, self._got = value, tried, rule, next, got

    def fail(self, got: str, expected: str) -> NoReturn:
        """Fail the check with these words for what came and what should have come."""
        raise CheckFailed(Failure(self._tried, got, expected, self._rule, self._next))

    def _hold(self, holds: bool, expected: str, note: str = "") -> None:
        if not holds:
            self.fail((self._got or show(self._value)) + note, expected)

    def equals(self, expected: Any) -> None:
        """The value equals `expected`; tensors and arrays need the same dtype, shape and elements."""
        note = _first_difference(self._value, expected)
        self._hold(same(self._value, expected), show(expected), note)

    def differs_from(self, other: Any) -> None:
        """The value is a plain one, and is not equal to `other`."""
        self._hold(not isinstance(self._value, Proxy) and not same(self._value, other), f"not {show(other)}")

    def is_close_to(self, expected: Any, tolerance: float = 1e-6) -> None:
        """Every number is within `tolerance` (absolute, and relative to the expected size)."""
        words = f"{show(expected)} (within {tolerance:g})"
        self._hold(_close(self._value, expected, tolerance), words)

    def is_true(self, expected: str = "True") -> None:
        """The value is True itself; `expected` are words for that."""
        self._hold(self._value is True, expected)

    def is_at_most(self, bound: float) -> None:
        """The value is a number, no larger than `bound`."""
        self._hold(_is_number(self._value) and bool(self._value <= bound), f"at most {show(bound)}")

    def is_at_least(self, bound: float) -> None:
        """The value is a number, no smaller than `bound`."""
        self._hold(_is_number(self._value) and bool(self._value >= bound), f"at least {show(bound)}")

    def contains(self, item: Any) -> None:
        """`item` is in the value, a container or a text."""
        inside = isinstance(self._value, str | bytes | list | tuple | set | frozenset | dict | range)
        self._hold(inside and item in self._value, f"something with {show(item)} in it")

    def has_length(self, length: int) -> None:
        """`len(value)` is `length`."""
        found = len(self._value) if hasattr(type(self._value), "__len__") else None
        note = "" if found is None else f", length {found}"
        self._hold(found == length, f"length {length}", note)

    def is_a(self, kind: type | tuple[type, ...]) -> None:
        """The value is plain data of this type, such as `int`, `list` or `torch.Tensor`."""
        kinds = kind if isinstance(kind, tuple) else (kind,)
        words = " or ".join(each.__name__ for each in kinds)
        self._hold(isinstance(self._value, kinds), words, f" of type {type_name(self._value)}")

    def has_class(self, name: str) -> None:
        """The value is an object of the student's side whose class, or a base of it, has this name."""
        names = (
            self._value._handle.type_names if isinstance(self._value, Proxy) else (type_name(self._value),)
        )
        self._hold(name in names, f"an object of class {name}")


def type_name(value: Any) -> str:
    """Name a value's type as the student would."""
    if isinstance(value, Proxy):
        return str(value._handle.type_names[0])
    return str(getattr(value, "type_name", None) or type(value).__name__)


def show(value: Any) -> str:
    """Write a value for a message, in at most about 160 characters."""
    kind = type(value)
    if kind.__module__.startswith("torch") and hasattr(value, "shape") and hasattr(value, "tolist"):
        dtype = str(value.dtype).removeprefix("torch.")
        text = f"{_a(dtype)} tensor of shape {tuple(value.shape)}"
        return f"{text}: {_short(str(value.tolist()))}" if value.numel() <= 32 else text
    if kind.__module__.startswith("numpy") and hasattr(value, "dtype") and getattr(value, "shape", None):
        text = f"{_a(str(value.dtype))} array of shape {value.shape}"
        return f"{text}: {_short(str(value.tolist()))}" if value.size <= 32 else text
    if kind is list:
        return _short(
            "[" + ", ".join(show(item) for item in value[:50]) + (", …]" if len(value) > 50 else "]")
        )
    if kind is tuple:
        return _short("(" + ", ".join(show(item) for item in value[:50]) + (",)" if len(value) == 1 else ")"))
    if kind is dict:
        pairs = list(value.items())[:20]
        return _short("{" + ", ".join(f"{key!r}: {show(item)}" for key, item in pairs) + "}")
    return _short(repr(value))


def _a(dtype: str) -> str:
    return f"an {dtype}" if dtype.startswith("int") else f"a {dtype}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 2] + " …"


def same(value: Any, expected: Any) -> bool:
    """Compare structures that may contain tensors and arrays. A handle equals nothing."""
    if isinstance(value, Proxy) or isinstance(expected, Proxy):
        return False
    if _is_array(value) or _is_array(expected):
        if (
            type(value) is not type(expected)
            or value.dtype != expected.dtype
            or value.shape != expected.shape
        ):
            return False
        return bool((value == expected).all())
    if isinstance(expected, list | tuple):
        return (
            isinstance(value, list if isinstance(expected, list) else tuple)
            and len(value) == len(expected)
            and all(same(left, right) for left, right in zip(value, expected))
        )
    if isinstance(expected, Mapping):
        return (
            isinstance(value, Mapping)
            and list(value.keys() - expected.keys()) == list(expected.keys() - value.keys()) == []
            and all(same(value[key], expected[key]) for key in expected)
        )
    return bool(type(value) is type(expected) or _is_number(value)) and bool(value == expected)


def _first_difference(value: Any, expected: Any) -> str:
    if not isinstance(value, list | tuple) or not isinstance(expected, list | tuple):
        return ""
    if len(value) != len(expected):
        things = "item" if len(value) == 1 else "items"
        return f" ({len(value)} {things} instead of {len(expected)})"
    for position, (left, right) in enumerate(zip(value, expected)):
        if not same(left, right):
            return f" (first difference at position {position}: {show(left)} instead of {show(right)})"
    return ""


def _close(value: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, list | tuple):
        return (
            isinstance(value, list | tuple)
            and len(value) == len(expected)
            and all(_close(left, right, tolerance) for left, right in zip(value, expected))
        )
    if _is_array(expected):
        if type(value) is not type(expected) or value.shape != expected.shape:
            return False
        if "torch" in type(value).__module__:
            value, expected = value.double().numpy(), expected.double().numpy()
        return bool((abs(value - expected) <= tolerance * (1 + abs(expected))).all())
    if _is_array(value) and value.shape == ():
        value = value.item()
    if not _is_number(value):
        return False
    return math.isclose(value, expected, rel_tol=tolerance, abs_tol=tolerance)


def _is_array(value: Any) -> bool:
    return (
        hasattr(value, "dtype")
        and hasattr(value, "shape")
        and hasattr(value, "tobytes" if "numpy" in type(value).__module__ else "numel")
        and not _is_numpy_scalar(value)
    )


def _is_numpy_scalar(value: Any) -> bool:
    return type(value).__module__ == "numpy" and type(value).__name__ != "ndarray"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or (_is_numpy_scalar(value) and value.dtype.kind in "biuf")
