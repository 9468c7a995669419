"""The wire codec: which values cross between a check and the student's code, and as what.

Plain data crosses as a copy: numbers, strings, containers, tensors and arrays as `{dtype, shape, bytes}`,
named tuples and mappings as type name and fields. Everything else crosses as a *handle*, a number that
stands for an object which stays where it is. Nothing is ever pickled, so decoding runs no code of the sender.

A message is a tree, packed by msgpack, and beside it the bytes of arrays and tensors:

    length of the tree (4 bytes) | tree: [tag, ...] or a leaf | bytes of the first array | of the second | …

Decoding survives any bytes. Small leaves grow in memory, so the tree has a size of its own that is far below
that of a message: what a message can make the receiver hold is bounded by `MAX_TREE_BYTES` times some eighty.
"""

import re
import struct
from collections import Counter, namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import msgpack

from course_lib.classroom.exercises import wire_arrays

MAX_FRAME_BYTES = 256 * 1024 * 1024
MAX_TREE_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 64
MAX_TYPE_NAMES = 32
MAX_NAME = 200
MAX_HANDLES = 20_000
MAX_NAMED_TUPLE_CLASSES = 64
MAX_FIELDS = 256
MAX_GENERATORS = 64
MAX_ARRAYS = 100_000
MAX_EQUAL_HASHES = 64
MAX_RANGE = 1_000_000

#: What a handle's object can do, as the proxy on the other side will offer it.
ABILITIES = ("__call__", "__getitem__", "__getitems__", "__iter__", "__len__", "__next__")

_LENGTH = struct.Struct("<I")
_INTEGER = re.compile(r"-?0x[0-9a-f]{1,4096}")
_SMALL = 64  # bytes objects up to here stay in the tree
_LEAVES = frozenset((type(None), bool, int, float, str, bytes))
_SIMPLE = frozenset((type(None), bool, float, str))


class WireError(Exception):
    """A value cannot cross, or received bytes are not a message."""


@dataclass(frozen=True)
class Handle:
    """A reference to an object that stays on one side.

    Attributes:
        number: the object's number in its owner's table.
        mine: whether the *receiver* owns the object (it comes home), or the sender.
        type_names: names of the object's class and its bases, most derived first.
        abilities: the subset of `ABILITIES` that the object has.
    """

    number: int
    mine: bool
    type_names: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ()


class NamedMapping(dict[Any, Any]):
    """A mapping that was no plain dict on the other side; `type_name` says what it was."""

    type_name = "dict"


def encode(value: Any, export: Callable[[Any], Handle]) -> bytes:
    """Pack `value`; whatever is not plain data goes through `export`, which answers with a handle.

    Raises:
        WireError: when the value is nested too deeply or is too large.
    """
    writer = _Writer(export)
    try:
        tree = cast(bytes, msgpack.packb(writer.tree(value, 0), use_bin_type=True))
    except (UnicodeEncodeError, OverflowError, msgpack.PackException) as error:
        raise WireError(f"the value cannot cross: {error}") from error
    if len(tree) > MAX_TREE_BYTES:
        raise WireError(
            f"the value takes {len(tree):,} bytes without its arrays; at most {MAX_TREE_BYTES:,} can cross"
        )
    return b"".join([_LENGTH.pack(len(tree)), tree, *writer.beside])


def decode(packed: bytes, resolve: Callable[[Handle], Any]) -> Any:
    """Unpack what `encode` packed; `resolve` turns each handle into an object or a proxy.

    Raises:
        WireError: when the bytes are no message, whatever they are.
    """
    try:
        length = tree_length(packed)
        if length > MAX_TREE_BYTES:
            raise WireError(f"a tree of {length:,} bytes; at most {MAX_TREE_BYTES:,} are read")
        body = memoryview(packed)[_LENGTH.size :]
        tree = msgpack.unpackb(body[:length], raw=False, max_map_len=0, max_ext_len=0)
        reader = _Reader(resolve, body[length:])
        value = reader.value(tree, 0)
        if reader.left:
            raise WireError(f"{reader.left:,} bytes too many")
        return value
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"these bytes are no message: {type(error).__name__}: {error!s:.200}") from error


def tree_length(packed: bytes) -> int:
    """Return how many bytes of a message are its tree.

    Raises:
        WireError: when it is none.
    """
    if len(packed) < _LENGTH.size:
        raise WireError(f"{len(packed)} bytes are no message")
    length = int(_LENGTH.unpack_from(packed)[0])
    if length > len(packed) - _LENGTH.size:
        raise WireError(f"a tree of {length:,} bytes in a message of {len(packed):,}")
    return length


def _cross_as_they_are(items: list[Any]) -> bool:
    """Whether a long list need not be looked through one by one: it holds numbers or texts only."""
    kinds = set(map(type, items))
    if kinds == {int}:
        return bool(min(items) >= -(2**63) and max(items) < 2**63)
    return kinds <= _SIMPLE


class _Writer:
    """Turns one value into a tree, and collects the bytes that go beside it."""

    def __init__(self, export: Callable[[Any], Handle]) -> None:
        self.beside: list[bytes] = []
        self._export = export
        self._size = 0

    def tree(self, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise WireError(
                f"the value is nested more than {MAX_DEPTH} levels deep (does it contain itself?)"
            )

        def each(items: Any) -> list[Any]:
            plain = list(items)
            if depth < MAX_DEPTH and _cross_as_they_are(plain):
                return plain
            return [self.tree(item, depth + 1) for item in plain]

        kind = type(value)
        if value is None or kind in (bool, float, str):
            return value
        if kind is bytes:
            return value if len(value) <= _SMALL else self._bytes(value)
        if kind is int:
            return value if -(2**63) <= value < 2**63 else ["int", _hexadecimal(value)]
        if kind in (list, tuple, set, frozenset):
            return [kind.__name__, each(value)]
        if kind is dict:
            return ["dict", each(value.keys()), each(value.values())]
        if kind is complex:
            return ["complex", value.real, value.imag]
        if kind is range:
            return ["range", *each([value.start, value.stop, value.step])]
        if kind is slice:
            return ["slice", each([value.start, value.stop, value.step])]
        if issubclass(kind, tuple) and isinstance(fields := getattr(kind, "_fields", None), tuple):
            return ["namedtuple", kind.__name__, list(fields), each(value)]
        numeric = wire_arrays.to_tree(value, self._put)
        if numeric is not None:
            return numeric
        if isinstance(value, Mapping) and not isinstance(value, type):
            return ["mapping", kind.__name__, each(list(value.keys())), each([value[key] for key in value])]
        handle = self._export(value)
        return ["handle", handle.number, handle.mine, list(handle.type_names), list(handle.abilities)]

    def _bytes(self, value: bytes) -> list[Any]:
        self._put(len(value), lambda: value)
        return ["bytes", len(value)]

    def _put(self, size: int, make: Callable[[], bytes]) -> None:
        self._size += size
        if self._size > MAX_FRAME_BYTES - MAX_TREE_BYTES - _LENGTH.size:
            raise WireError(f"the value takes {self._size:,} bytes; at most {MAX_FRAME_BYTES:,} can cross")
        self.beside.append(make())


class _Reader:
    """Turns one tree into a value, and keeps count of what is dear to make."""

    def __init__(self, resolve: Callable[[Handle], Any], beside: memoryview) -> None:
        self._resolve = resolve
        self._beside = beside
        self._position = 0
        self._made: Counter[str] = Counter()

    @property
    def left(self) -> int:
        """How many bytes beside the tree no value has taken."""
        return len(self._beside) - self._position

    def value(self, tree: Any, depth: int) -> Any:
        if not isinstance(tree, list):
            if type(tree) not in _LEAVES:
                raise WireError(f"a {type(tree).__name__} is not part of any message")
            return tree
        if depth > MAX_DEPTH:
            raise WireError(f"the message is nested more than {MAX_DEPTH} levels deep")

        def each(items: list[Any]) -> list[Any]:
            if depth < MAX_DEPTH and _LEAVES.issuperset(map(type, items)):
                return items
            return [self.value(item, depth + 1) for item in items]

        tag, *parts = tree
        match tag, parts:
            case "list", [list(items)]:
                return each(items)
            case "tuple", [list(items)]:
                return tuple(each(items))
            case "set", [list(items)]:
                return set(_distinct(each(items)))
            case "frozenset", [list(items)]:
                return frozenset(_distinct(each(items)))
            case "dict", [list(keys), list(values)]:
                return dict(zip(_distinct(each(keys)), each(values), strict=True))
            case "mapping", [str(name), list(keys), list(values)]:
                mapping = NamedMapping(zip(_distinct(each(keys)), each(values), strict=True))
                mapping.type_name = _name(name)
                return mapping
            case "namedtuple", [str(name), list(fields), list(values)]:
                return self._named_tuple(name, fields)(*each(values))
            case "int", [str(digits)]:
                return _integer(digits)
            case "complex", [float(real), float(imaginary)]:
                return complex(real, imaginary)
            case "bytes", [int(size)]:
                return bytes(self._take(size))
            case "range", [start, stop, step]:
                return _range(*each([start, stop, step]))
            case "slice", [list(bounds)]:
                return slice(*each(bounds))
            case "handle", [int(number), bool(mine), list(names), list(abilities)]:
                self._count("handles", MAX_HANDLES)
                return self._resolve(Handle(number, mine, _names(names, mine), _abilities(abilities)))
        if tag == "generator":
            self._count("generators", MAX_GENERATORS)
        self._count("arrays", MAX_ARRAYS)
        return wire_arrays.from_tree(tag, parts, self._take)

    def _take(self, size: int) -> memoryview:
        if not 0 <= size <= self.left:
            raise WireError(f"a value takes {size:,} bytes, and the message has {self.left:,} of them")
        self._position += size
        return self._beside[self._position - size : self._position]

    def _named_tuple(self, name: str, fields: list[Any]) -> Any:
        self._count("named tuples", MAX_ARRAYS)
        if len(fields) > MAX_FIELDS:
            raise WireError(f"a named tuple of {len(fields)} fields; at most {MAX_FIELDS} can cross")
        made = _named_tuple_class.cache_info().misses
        found = _named_tuple_class(_name(name), tuple(map(_name, fields)))
        if _named_tuple_class.cache_info().misses > made:
            self._count("named tuple classes", MAX_NAMED_TUPLE_CLASSES)
        return found

    def _count(self, what: str, most: int) -> None:
        self._made[what] += 1
        if self._made[what] > most:
            raise WireError(f"more than {most:,} {what} in one message")


def _hexadecimal(value: int) -> str:
    """Write a large whole number: to read hexadecimal digits takes no longer than to receive them."""
    digits = hex(value)
    if not _INTEGER.fullmatch(digits):
        raise WireError("a whole number of more than 4,096 hexadecimal digits cannot cross")
    return digits


def _integer(digits: str) -> int:
    if not _INTEGER.fullmatch(digits):
        raise WireError(f"{digits!r:.100} is no whole number")
    return int(digits, 16)


def _range(start: Any, stop: Any, step: Any) -> range:
    """Make a range that the receiver can afford to write out."""
    if not all(type(each) is int for each in (start, stop, step)):
        raise WireError("the bounds of a range are whole numbers")
    found = range(start, stop, step)
    if found and abs(stop - start) // abs(step) > MAX_RANGE:
        raise WireError(f"a range of more than {MAX_RANGE:,} numbers cannot cross")
    return found


def _distinct(items: list[Any]) -> list[Any]:
    """Refuse keys that are there twice, and keys made to collide: they would take the receiver hours."""
    hashes = Counter(map(hash, items))
    if hashes and hashes.most_common(1)[0][1] > MAX_EQUAL_HASHES:
        raise WireError(f"more than {MAX_EQUAL_HASHES} keys of the same hash")
    if len(set(items)) < len(items):
        raise WireError("the same key twice")
    return items


def _name(text: Any) -> str:
    if type(text) is not str or len(text) > MAX_NAME:
        raise WireError(f"expected a name of at most {MAX_NAME} characters, got {text!r:.100}")
    return text


def _names(items: list[Any], may_lack: bool) -> tuple[str, ...]:
    if not (items or may_lack) or len(items) > MAX_TYPE_NAMES:
        raise WireError(f"expected 1 to {MAX_TYPE_NAMES} names, got {len(items)}")
    return tuple(map(_name, items))


def _abilities(items: list[Any]) -> tuple[str, ...]:
    if len(items) > len(ABILITIES) or not all(type(each) is str and each in ABILITIES for each in items):
        raise WireError(f"{items!r:.100} are no abilities")
    return tuple(items)


@lru_cache(maxsize=256)
def _named_tuple_class(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name, fields)
