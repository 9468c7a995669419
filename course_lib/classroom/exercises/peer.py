"""One end of the conversation between a check and the student's code.

The judge holds one `Peer`, the student's process the other. Each keeps its objects in a table and sends the
other side their numbers; each turns numbers that it receives into proxies, whose use becomes a request:

    judge                                      student's process
    student.Squares(3)   -- call #1, [3] -->   Squares(3) is kept as #2
                         <-- handle #2 ---
    squares[1]           -- item #2, 1 ---->   squares[1]
                         <-- 1 ------------

While a request is on its way, the other side may ask back (a dataset that the judge passed in is read): the
two ends are the same class, so that works in both directions.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from course_lib.classroom.exercises import wire
from course_lib.classroom.exercises.errors import describe, revive
from course_lib.classroom.exercises.transport import DeadlinePassed

Transport = Callable[[bytes], bytes]

#: How many items one check may draw from iterators of the other side.
MAX_ITEMS = 200_000
#: How much one check may receive, in bytes; those of trees count more, because their leaves grow in memory.
MAX_RECEIVED = 2 * 1024**3
_TREE_WEIGHT = 32
_MAX_MESSAGE = 2000


class Proxy:
    """Stands for an object on the other side. Its class offers just the operations that the object has."""

    __slots__ = ("__weakref__", "_handle", "_peer")

    def __init__(self, peer: "Peer", handle: wire.Handle) -> None:
        object.__setattr__(self, "_peer", peer)
        object.__setattr__(self, "_handle", handle)

    def __del__(self) -> None:
        self._peer.release(self._handle.number)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(f"{self!r} has no {name}")
        return self._peer.request("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._peer.request("set", self, name, value)

    def __repr__(self) -> str:
        return f"<an object of class {self._handle.type_names[0]}>"


def _call(self: Any, *arguments: Any, **keywords: Any) -> Any:
    return self._peer.request("call", self, list(arguments), keywords)


def _item(self: Any, key: Any) -> Any:
    return self._peer.request("item", self, key)


def _items(self: Any, keys: Any) -> Any:
    return self._peer.request("items", self, keys)


def _iterate(self: Any) -> Any:
    return self._peer.request("iterate", self)


def _length(self: Any) -> Any:
    return self._peer.request("length", self)


def _next(self: Any) -> Any:
    self._peer.count_item()
    return self._peer.request("next", self)


_METHODS: dict[str, Callable[..., Any]] = {
    "__call__": _call,
    "__getitem__": _item,
    "__getitems__": _items,
    "__iter__": _iterate,
    "__len__": _length,
    "__next__": _next,
}


@lru_cache(maxsize=512)
def proxy_class(base: type, abilities: tuple[str, ...], *more_bases: type) -> type:
    """Make the subclass of `base` that offers `abilities` (a method that `base` defines itself stays)."""
    own = {name: _METHODS[name] for name in abilities if name in _METHODS and name not in vars(base)}
    return type(base.__name__, (base, *more_bases), own)


class Peer:
    """One end: a table of own objects, and requests to the other end.

    Args:
        proxy_base: returns, for a handle, the classes that its proxy is made of.
        allow: whether the other side may read the attribute `name` of one of our objects.
    """

    # A StopIteration crosses when the next item was asked for. For other requests it crosses only towards the
    # student's code, which a check may give a broken dataset; towards a check it would end the wrong loop.
    hears_stops = False
    sends_stops = False

    def __init__(
        self,
        proxy_base: Callable[[wire.Handle], tuple[type, ...]],
        allow: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self.transport: Transport | None = None
        self.patience = MAX_ITEMS
        self.allowance = MAX_RECEIVED
        self.services: dict[str, Callable[..., Any]] = {
            "get": self._get,
            "set": self._set,
            "call": lambda target, arguments, keywords: target(*arguments, **keywords),
            "item": lambda target, key: target[key],
            "items": lambda target, keys: target.__getitems__(keys),
            "iterate": iter,
            "length": len,
            "next": next,
        }
        self._proxy_base = proxy_base
        self._allow = allow
        self._process = os.getpid()
        self._objects: dict[int, tuple[Any, int]] = {}  # number: (object, how many proxies it has)
        self._numbers: dict[int, int] = {}  # id of the object: number
        self._last_number = 0
        self._released: list[int] = []

    def request(self, operation: str, *operands: Any) -> Any:
        """Ask the other side for `operation`; returns its answer or raises what it raised."""
        line = self.line()
        if line is None:
            raise wire.WireError("this end is not connected")
        released, self._released = self._released, []
        reply = line(wire.encode([operation, list(operands), released], self._export))
        match self._decode(reply):
            case ["value", value]:
                return value
            case ["stop"] if operation == "next" or self.hears_stops:
                raise StopIteration
            case ["error", [*names], str(message), str(where)] if all(type(name) is str for name in names):
                short = [name[: wire.MAX_NAME] for name in names[: wire.MAX_TYPE_NAMES]]
                raise revive(short, message[:_MAX_MESSAGE], where[:_MAX_MESSAGE])
        raise wire.WireError("the other side's answer is no reply")

    def line(self) -> Transport | None:
        """Return what carries a question to the other side."""
        return self.transport

    def count_item(self) -> None:
        """Count an item of an iteration, so that an endless one is stopped and named."""
        self.patience -= 1
        if self.patience < 0:
            raise revive(
                ["RuntimeError"], f"the iteration went on for {MAX_ITEMS:,} items: does it ever end?", ""
            )

    def serve(self, frame: bytes) -> bytes:
        """Do what one request asks; the answer is always a reply, whatever happened."""
        operation = ""
        try:
            match self._decode(frame):
                case [str(name), list(operands), list(released)] if name in self.services:
                    operation = name
                    for number in released:
                        self._forget(number)
                case message:
                    raise wire.WireError(f"no request: {message!r:.100}")
            self._check_target(operation, operands)
            return wire.encode(["value", self.services[operation](*operands)], self._export)
        except (KeyboardInterrupt, DeadlinePassed):
            raise
        except BaseException as error:
            if isinstance(error, StopIteration) and (operation == "next" or self.sends_stops):
                return wire.encode(["stop"], self._export)
            names, message, where = describe(error)
            message = message.encode(errors="backslashreplace").decode()
            return wire.encode(
                ["error", [name[: wire.MAX_NAME] for name in names], message, where], self._export
            )

    def release(self, number: int) -> None:
        """Note that one proxy of the other side's object `number` is gone (told with the next request)."""
        if os.getpid() == self._process:  # a forked worker's copies are not ours to give back
            self._released.append(number)

    def _check_target(self, operation: str, operands: list[Any]) -> None:
        """Raise when the other side may not ask this of that object."""

    def _owns(self, value: Any) -> bool:
        """Tell whether `value` is an object that the other side got from here."""
        number = self._numbers.get(id(value))
        return number in self._objects and self._objects[number][0] is value

    def _decode(self, packed: bytes) -> Any:
        """Decode a message, as long as all of them together stay bearable."""
        self.allowance -= len(packed) + _TREE_WEIGHT * wire.tree_length(packed)
        if self.allowance < 0:
            raise wire.WireError(f"the other side sent more than {MAX_RECEIVED:,} bytes for one check")
        return wire.decode(packed, self._resolve)

    def _get(self, target: Any, name: str) -> Any:
        if type(name) is not str or not self._allow(name):
            raise AttributeError(f"the attribute {name!r} cannot be read from here")
        return getattr(target, name)

    def _set(self, target: Any, name: str, value: Any) -> None:
        if type(name) is not str or not self._allow(name):
            raise AttributeError(f"the attribute {name!r} cannot be set from here")
        setattr(target, name, value)

    def _export(self, value: Any) -> wire.Handle:
        if isinstance(value, Proxy) and value._peer is self:
            return wire.Handle(value._handle.number, mine=True)
        number = self._numbers.get(id(value))
        if number is None:
            self._last_number += 1
            number = self._numbers[id(value)] = self._last_number
        _, proxies = self._objects.get(number, (value, 0))
        self._objects[number] = (value, proxies + 1)
        kinds = [kind for kind in type(value).__mro__ if kind is not object][: wire.MAX_TYPE_NAMES]
        abilities = tuple(name for name in wire.ABILITIES if getattr(type(value), name, None) is not None)
        names = tuple(kind.__name__[: wire.MAX_NAME] for kind in kinds)
        return wire.Handle(number, False, names or ("object",), abilities)

    def _resolve(self, handle: wire.Handle) -> Any:
        if handle.mine:
            if handle.number not in self._objects:
                raise wire.WireError(f"there is no object {handle.number} here")
            return self._objects[handle.number][0]
        bases = self._proxy_base(handle)
        return proxy_class(bases[0], handle.abilities, *bases[1:])(self, handle)

    def _forget(self, number: Any) -> None:
        if type(number) is not int or number not in self._objects:
            return
        value, proxies = self._objects[number]
        if proxies > 1:
            self._objects[number] = (value, proxies - 1)
        else:
            del self._objects[number], self._numbers[id(value)]
