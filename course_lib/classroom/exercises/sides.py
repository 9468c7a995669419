"""The two sides of a check: the judge's, with the proxies `student` and `room`, and the student's."""

import contextlib
import hashlib
import importlib
import io
import itertools
import os
import sys
import threading
import types
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from course_lib.classroom.exercises.absence import Absence
from course_lib.classroom.exercises.asked import Asked
from course_lib.classroom.exercises.errors import describe, remember_source
from course_lib.classroom.exercises.peer import Peer, Proxy, Transport
from course_lib.classroom.exercises.transport import Door, knock
from course_lib.classroom.exercises.wire import Handle, WireError

# Attributes of objects of these libraries are closed, those of their harmless parts open.
_CLOSED = (sys.stdlib_module_names - {"__main__"}) | {"numpy", "torch"}
_OPEN = ("random", "numpy.random", "torch.utils.data", "torch.nn", "torch.optim")


class HandleError(TypeError):
    """A check took a handle for a value."""


class StudentObject(Proxy):
    """An object of the student's, seen by a check. It cannot be compared: only plain data can."""

    __slots__ = ()
    __hash__ = Proxy.__hash__

    def _no_value(self, what: str) -> NoReturn:
        raise HandleError(f"{self!r} stays with the student's code, so {what}: ask it for plain data")

    def __eq__(self, other: object) -> bool:
        self._no_value("it cannot be compared")

    def __bool__(self) -> bool:
        self._no_value("it is neither true nor false")

    def __contains__(self, item: object) -> bool:
        self._no_value("`in` cannot look into it")


class JudgeObject(Proxy):
    """An object of the check's, seen by the student's code: a dataset that counts its reads, a function."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        """Travel to a worker process as an address: the worker asks the judge itself."""
        handle = self._handle
        place = self._peer.place_of_judge()
        return _revive, (*place, handle.number, handle.type_names, handle.abilities)


class JudgePeer(Peer):
    """The judge's end. The other side may use only the objects that it was handed.

    Of those it may read public attributes, unless the object is a path, a file, a module or the like, and add
    attributes; it can change none.

    Attributes:
        asked: what was asked of the other side, in words.
    """

    sends_stops = True

    def __init__(self) -> None:
        super().__init__(lambda handle: (StudentObject,), allow=lambda name: not name.startswith("_"))
        self.asked = Asked()
        self._added: set[tuple[int, Any]] = set()

    def request(self, operation: str, *operands: Any) -> Any:
        """Ask the other side, and note the question: if no answer comes, the message can name it."""
        question = self.asked.question(operation, operands)
        self.asked.note(question)
        try:
            answer = super().request(operation, *operands)
        finally:
            self.asked.note(question)  # A check's object that is asked back may have asked, too.
        self.asked.remember(question, answer)
        return answer

    def _check_target(self, operation: str, operands: list[Any]) -> None:
        if not operands or not self._owns(operands[0]):
            # A plain value has methods too: text formats attributes, an array writes itself into a file.
            raise WireError(f"the judge does not {operation} what it has not handed out")
        if operation == "set":
            self._check_change(*operands)
        if operation in ("get", "set") and not _is_open(operands[0]):
            raise AttributeError(
                f"the attributes of a {type(operands[0]).__name__} of a check cannot be read from here"
            )

    def _check_change(self, target: Any, name: Any, _: Any) -> None:
        """Attributes can be added, and changed by who added them: what a check has noted stays as it is."""
        mark = (self._numbers[id(target)], name)
        if mark not in self._added and type(name) is str and hasattr(target, name):
            raise AttributeError(f"the attribute {name!r} of a check's object cannot be changed from here")
        self._added.add(mark)


class StudentPeer(Peer):
    """The student's end: names of the notebook, and a few services for the checks.

    Args:
        namespace: the notebook's global names.
        place: address and key of the judge's door, where worker processes ask; None makes it when needed.
    """

    hears_stops = True

    def __init__(self, namespace: dict[str, Any], place: tuple[Any, bytes] | None = None) -> None:
        super().__init__(_judge_object_bases)
        self.namespace = namespace
        self.place = place
        self.judge: JudgePeer | None = None  # in loopback only
        self._door: Door | None = None  # in loopback only, where a worker may ask
        self._home = os.getpid(), threading.get_ident()
        self._of_thread = threading.local()
        self._absence = Absence((), namespace)
        self.services |= {
            "name": self._name,
            "module": importlib.import_module,
            "take": _take,
            "random_state": _random_state,
            "hide": self._hide,
            "unhide": self._unhide,
            "run_cell": self._run_cell,
        }

    def line(self) -> Transport | None:
        """Return the connection to the judge: a forked process and a thread have one of their own."""
        here = os.getpid(), threading.get_ident()
        if here == self._home or (self.judge is not None and here[0] == self._process):
            return self.transport
        process, line = getattr(self._of_thread, "line", (0, None))
        if process != here[0]:
            line = knock(*self.place_of_judge(), self.serve)
            self._of_thread.line = here[0], line
        return line

    def place_of_judge(self) -> tuple[Any, bytes]:
        """Return where a worker process can ask the judge."""
        if self.place is None:
            if self.judge is None or os.getpid() != self._process:
                raise RuntimeError("an object of a check cannot be read from this process")
            door = Door(self.judge.serve)
            self.place = door.address, door.key
            self._door = door
        return self.place

    def close(self) -> None:
        """Let no worker process ask any more."""
        if self._door is not None:
            self._door.close()
            self._door = self.place = None

    def _resolve(self, handle: Handle) -> Any:
        if self.judge is not None and not handle.mine and "__getitem__" in handle.abilities:
            self.place_of_judge()  # before anything forks
        return super()._resolve(handle)

    def _name(self, name: str) -> Any:
        value = self.namespace.get(name, None)
        reason = self._absence.explain(name, value)
        if reason is not None:
            raise NameError(reason)
        if name not in self.namespace:
            raise NameError(f"`{name}` is not defined: run the cell that defines it")
        return value

    def _hide(self, names: list[str]) -> None:
        self._unhide()
        self._absence = Absence(names, self.namespace)

    def _unhide(self) -> None:
        self._absence.end()
        self._absence = Absence((), self.namespace)

    def _run_cell(self, label: str, source: str, hidden: list[str]) -> dict[str, Any]:
        """Run one cell; returns `{"ok": bool, "error": [type names, message, where]}`."""
        file_name = remember_source(label, source)
        self._hide(hidden)
        try:
            exec(compile(source, file_name, "exec"), self.namespace)
            return {"ok": True, "error": []}
        except BaseException as error:
            return {"ok": False, "error": list(describe(error))}
        finally:
            self._unhide()


class Student:
    """The fixture `student`: its attributes are the names of the student's notebook."""

    def __init__(self, peer: JudgePeer) -> None:
        self._peer = peer

    def __getattr__(self, name: str) -> Any:
        return self._peer.request("name", name)


class Room:
    """The fixture `room`: the student's process apart from the student's own names."""

    def __init__(self, peer: JudgePeer) -> None:
        self._peer = peer

    def module(self, name: str) -> Any:
        """Return a proxy of an imported module there: `room.module("torch").nn.Linear(4, 2)`."""
        return self._peer.request("module", name)

    def take(self, iterable: Any, limit: int) -> Any:
        """Iterate over something of the student's there, and return a list of the first `limit` items."""
        return self._peer.request("take", iterable, limit)

    def random_state(self) -> str:
        """Return a digest of the global random state of torch, NumPy and `random` there."""
        return str(self._peer.request("random_state"))

    def hide(self, names: tuple[str, ...]) -> None:
        self._peer.request("hide", list(names))

    def unhide(self) -> None:
        self._peer.request("unhide")

    def run_cell(self, label: str, source: str, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
        outcome: dict[str, Any] = self._peer.request("run_cell", label, source, list(hidden))
        return outcome


@contextlib.contextmanager
def loopback(namespace: dict[str, Any]) -> Iterator[JudgePeer]:
    """Connect a judge to a namespace of this very process, through the same codec as across processes."""
    judge, student = JudgePeer(), StudentPeer(namespace)
    judge.transport, student.transport, student.judge = student.serve, judge.serve, judge
    try:
        yield judge
    finally:
        student.close()


def _is_open(value: Any) -> bool:
    """Tell whether a student's code may read public attributes of a check's object.

    Not those of paths, files, functions, modules, arrays and the like: from there ways lead to every file.
    """
    if isinstance(value, type | types.ModuleType | os.PathLike | io.IOBase):
        return False
    if hasattr(value, "__array_interface__") or (
        (torch := sys.modules.get("torch")) and torch.is_tensor(value)
    ):
        return False
    module = type(value).__module__
    is_open = any(module == part or module.startswith(f"{part}.") for part in _OPEN)
    return is_open or isinstance(value, types.SimpleNamespace) or module.split(".")[0] not in _CLOSED


def _judge_object_bases(handle: Handle) -> tuple[type, ...]:
    """Make a dataset of the judge's a dataset here too, so that either loader takes it."""
    if "IterableDataset" in handle.type_names:
        from course_lib.datasets.base import IterableDataset

        return JudgeObject, IterableDataset
    if "Dataset" in handle.type_names:
        from course_lib.datasets.base import Dataset

        return JudgeObject, Dataset
    return (JudgeObject,)


_peers: dict[tuple[Any, bytes], StudentPeer] = {}


def _revive(address: Any, key: bytes, number: int, names: tuple[str, ...], abilities: tuple[str, ...]) -> Any:
    """Make a judge's object anew in a worker process, on a connection of that process."""
    place = (address, key)
    if place not in _peers:
        peer = _peers[place] = StudentPeer({}, place)
        peer.transport = knock(address, key, peer.serve)
    return _peers[place]._resolve(Handle(number, False, names, abilities))


def _take(iterable: Iterable[Any], limit: int) -> list[Any]:
    return list(itertools.islice(iterable, limit))


def _random_state() -> str:
    digest = hashlib.sha256()
    if "torch" in sys.modules:
        digest.update(sys.modules["torch"].get_rng_state().numpy().tobytes())
    if "numpy" in sys.modules:
        name, numbers, *rest = sys.modules["numpy"].random.get_state()
        digest.update(numbers.tobytes() + repr((name, rest)).encode())
    import random

    digest.update(repr(random.getstate()).encode())
    return digest.hexdigest()
