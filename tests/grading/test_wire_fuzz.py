"""Hostile bytes on the wire: the judge never hangs, never crashes, and never holds more than a cap.

`python tests/grading/test_wire_fuzz.py 600` tries for 600 seconds instead of a moment.
"""

import contextlib
import os
import resource
import socket
import struct
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from course_lib.classroom.exercises.errors import RemoteError
from course_lib.classroom.exercises.sides import JudgePeer, StudentPeer, _is_open, loopback
from course_lib.classroom.exercises.transport import (
    ConnectionTransport,
    DeadlinePassed,
    Disconnected,
    Door,
    greet,
)
from course_lib.classroom.exercises.wire import MAX_TREE_BYTES, WireError, decode, encode

MIB = 1 << 20
MANY = 20 if __name__ == "__main__" else 1


def often(examples: int) -> settings:
    """Return settings for so many examples: more of them, and all new ones, when this file is a program."""
    database = {"database": None} if MANY > 1 else {}
    return settings(
        max_examples=MANY * examples, deadline=None, suppress_health_check=list(HealthCheck), **database
    )


TAGS = (
    *(
        "list",
        "tuple",
        "set",
        "frozenset",
        "dict",
        "mapping",
        "namedtuple",
        "int",
        "complex",
        "bytes",
        "range",
    ),
    *("slice", "handle", "array", "scalar", "tensor", "size", "dtype", "generator", "value", "error", "stop"),
)
NAMES = (
    *("float32", "int64", "bool", "complex64", "<f4", "|b1", "<U3", "|S2", "<U0", "|O", "<i3", "f8,f8", "V9"),
    *("<M8[ns]", "object", "__call__", "__len__", "Dataset"),
)
HUGE = (0, 1, -1, 2**31, 2**32, 2**40, 2**62, 2**63 - 1, -(2**63), 2**64 - 1)

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.sampled_from(HUGE)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*TAGS, *NAMES, "get", "call", "item", "items", "set", "iterate", "length", "next"])
    | st.binary(max_size=80)
    | st.just("9" * 10_000)
    | st.just("0x" + "f" * 5000)
)
trees = st.recursive(
    leaves,
    lambda children: (
        st.lists(children, max_size=5)
        | st.tuples(st.sampled_from(TAGS), children).map(list)
        | st.tuples(st.sampled_from(TAGS), children, children).map(list)
        | st.tuples(st.sampled_from(TAGS), children, children, children, children).map(list)
        | st.dictionaries(st.text(max_size=3), children, max_size=3)
    ),
    max_leaves=25,
)
plain = st.recursive(
    leaves.filter(lambda leaf: leaf == leaf)
    | st.sampled_from([torch.arange(6).reshape(2, 3), np.ones((2, 2), np.float32)]),
    lambda children: st.lists(children, max_size=4) | st.lists(children, max_size=4).map(tuple),
    max_leaves=12,
)


def message(tree: Any, beside: bytes = b"") -> bytes:
    packed: bytes = msgpack.packb(tree)
    return struct.pack("<I", len(packed)) + packed + beside


@contextlib.contextmanager
def bounded(mebibytes: float, seconds: float = 10.0) -> Iterator[None]:
    """Hold what happens inside against a cap on memory, and on processor time: only a hang would reach it."""
    begin = time.process_time()
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < mebibytes * MIB
    assert time.process_time() - begin < seconds


def refused(data: bytes) -> bool:
    try:
        decode(data, lambda handle: handle)
    except WireError:
        return True
    return False


class TestTheDecoder:
    @often(100)
    @given(st.binary(max_size=400))
    def test_any_bytes(self, data: bytes) -> None:
        with contextlib.suppress(WireError):
            decode(data, lambda handle: handle)

    @often(100)
    @given(st.binary(max_size=300), st.binary(max_size=60), st.integers(-3, 3))
    def test_any_bytes_after_a_length_that_nearly_fits(self, tree: bytes, beside: bytes, off: int) -> None:
        data = struct.pack("<I", max(0, len(tree) + off)) + tree + beside
        with contextlib.suppress(WireError):
            decode(data, lambda handle: handle)

    @often(100)
    @given(trees, st.binary(max_size=64))
    @example(["set", [["list", [1]], ["list", [1]]]], b"")
    @example(["dict", [float("nan"), float("nan")], [1, 2]], b"")
    @example(["namedtuple", "X", ["class", "__init__"], [1, 2]], b"")
    @example(["namedtuple", "X", ["a, b=__import__('os').abort()"], [1]], b"")
    @example(["mapping", "X", [1, 1], [2, 3]], b"")
    def test_any_tree(self, tree: Any, beside: bytes) -> None:
        with contextlib.suppress(WireError):
            decode(message(tree, beside), lambda handle: handle)

    @often(100)
    @given(plain, st.data())
    def test_messages_with_a_few_bytes_changed(self, value: Any, data: Any) -> None:
        packed = bytearray(encode(value, lambda _: pytest.fail("all of it is plain")))
        for _ in range(data.draw(st.integers(1, 4))):
            packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
        with contextlib.suppress(WireError):
            decode(bytes(packed), lambda handle: handle)

    @pytest.mark.parametrize(
        ("tree", "beside"),
        [
            (["tensor", "float32", [2**40, 2**40]], b""),
            (["tensor", "float32", [2**62]], b"1234"),
            (["tensor", "bool", [2]], b"\x00\x02"),
            (["array", "|b1", [1]], b"\x07"),
            (["array", "<U1", [1]], b"\xff\xff\xff\x7f"),
            (["array", "<f4", [-1]], b"1234"),
            (["array", "<U0", [2**40]], b""),
            (["array", "|S999999999", [1]], b""),
            (["array", "O", [1]], b"12345678"),
            (["array", "f8,f8", [1]], bytes(16)),
            (["array", "<f4", [1] * 100], b"1234"),
            (["scalar", "<i8", b"1"], b""),
            (["bytes", 2**60], b""),
            (["bytes", -1], b""),
            (["range", 0, 2**62, 1], b""),
            (["range", ["int", "-0x" + "f" * 4000], ["int", "0x" + "f" * 4000], 1], b""),
            (["range", 0, 1, 0], b""),
            (["int", "9" * 100_000], b""),
            (["int", "0x" + "f" * 100_000], b""),
            (["size", [2**62]], b""),
            (["dtype", "Tensor"], b""),
            (["generator", bytes(5056)], b""),
            (["set", [["list", []]]], b""),
            (["set", [1, 1]], b""),
            (["dict", [1, True], [1, 2]], b""),
            (["dict", [1], []], b""),
            (["handle", 1, False, [], []], b""),
            (["handle", 1, False, ["X" * 1000], []], b""),
            (["handle", 1, False, ["X"] * 100, []], b""),
            (["handle", 1, False, ["X"], ["__reduce__"]], b""),
            (["namedtuple", "X", [f"f{n}" for n in range(1000)], list(range(1000))], b""),
            ({"a": 1}, b""),
            (msgpack.ExtType(5, b"x"), b""),
            (msgpack.Timestamp(1), b""),
            ([], b""),
            (["list", [1]], b"too many"),
        ],
    )
    def test_what_is_too_much_or_nothing_at_all(self, tree: Any, beside: bytes) -> None:
        data = message(tree, beside)
        with bounded(4):
            assert refused(data)

    @pytest.mark.parametrize(
        "byte", [b"\x90", b"\xa0", b"\xc0", b"\x80", b"\x91", b"\xdd", b"\xdf", b"\xc6\xff\xff\xff\xff"]
    )
    def test_a_small_message_does_not_grow_large(self, byte: bytes) -> None:
        count = MIB // len(byte)
        body = b"\xdd" + struct.pack(">I", count) + byte * count
        with bounded(100):
            refused(struct.pack("<I", len(body)) + body)

    def test_a_large_tree_is_not_even_read(self) -> None:
        with bounded(3 * MAX_TREE_BYTES / MIB):
            assert refused(struct.pack("<I", MAX_TREE_BYTES + 1) + b"\xc0" * (MAX_TREE_BYTES + 1))

    def test_keys_that_collide_are_refused_in_time(self) -> None:
        prime = 2**61 - 1
        keys = [["int", hex(prime * (number + 10))] for number in range(50_000)]
        begin = time.process_time()
        assert refused(message(["set", keys]))
        assert refused(message(["dict", keys, [0] * len(keys)]))
        assert time.process_time() - begin < 20

    def test_many_named_tuple_classes_are_refused(self) -> None:
        assert refused(message(["list", [["namedtuple", f"T{n}", [f"f{n}"], [n]] for n in range(5000)]]))

    @pytest.mark.parametrize("depth", [70, 1000, 100_000])
    def test_depth(self, depth: int) -> None:
        body = b"\x92\xa4list\x91" * depth + b"\xc0"
        assert refused(struct.pack("<I", len(body)) + body)


Hostile = Callable[[socket.socket], None]


def ask(hostile: Hostile, seconds: float = 0.5) -> str:
    """Let a judge ask one question of a hostile peer; returns the error's name. It must come in time."""
    here, there = socket.socketpair()
    thread = threading.Thread(target=_misbehave, args=(hostile, there), daemon=True)
    thread.start()
    peer = JudgePeer()
    transport = ConnectionTransport(here, peer.serve)
    transport.deadline = time.monotonic() + seconds
    peer.transport = transport
    begin = time.monotonic()
    try:
        peer.request("name", "answer")
        found = "value"
    except (WireError, DeadlinePassed, Disconnected, RemoteError) as error:
        found = "RemoteError" if isinstance(error, RemoteError) else type(error).__name__
    except StopIteration:
        found = "value"
    assert time.monotonic() - begin < seconds + 10
    transport.connection.close()
    there.close()
    thread.join(10)
    return found


def _misbehave(hostile: Hostile, line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        hostile(line)


def frame(kind: bytes, number: int, payload: bytes) -> bytes:
    return struct.pack("<IcQ", len(payload), kind, number) + payload


def _send_forever(line: socket.socket, data: bytes) -> None:
    while True:
        line.sendall(data)


NO_ERROR = message(["list", ["error", ["list", [1]], "a", "b"]])
NEXT = message(["list", ["next", ["list", []], ["list", []]]])


class TestTheConnection:
    @often(60)
    @given(st.lists(st.binary(max_size=60), max_size=4))
    def test_any_bytes(self, pieces: list[bytes]) -> None:
        def hostile(line: socket.socket) -> None:
            for piece in pieces:
                line.sendall(piece)
            line.shutdown(socket.SHUT_WR)

        assert ask(hostile) in ("WireError", "Disconnected", "DeadlinePassed")

    @often(100)
    @given(st.lists(st.tuples(st.sampled_from([b"Q", b"R"]), st.integers(0, 3), trees), max_size=5))
    def test_any_frames(self, frames: list[tuple[bytes, int, Any]]) -> None:
        def hostile(line: socket.socket) -> None:
            for kind, number, tree in frames:
                line.sendall(frame(kind, number, message(tree)))
            line.shutdown(socket.SHUT_WR)

        ask(hostile)

    @pytest.mark.parametrize(
        ("hostile", "expected"),
        [
            (lambda line: time.sleep(2), "DeadlinePassed"),
            (lambda line: line.sendall(b"\xff\xff"), "DeadlinePassed"),
            (lambda line: line.sendall(struct.pack("<IcQ", 2**32 - 1, b"R", 1)), "WireError"),
            (lambda line: line.sendall(struct.pack("<IcQ", 200 * MIB, b"R", 1)), "DeadlinePassed"),
            (lambda line: line.sendall(frame(b"X", 1, b"")), "WireError"),
            (lambda line: line.sendall(frame(b"R", 2, message(["value", 1]))), "WireError"),
            (lambda line: line.sendall(frame(b"R", 1, b"")), "WireError"),
            (lambda line: line.sendall(frame(b"R", 1, message(["value", 1, 2]))), "WireError"),
            (lambda line: line.sendall(frame(b"R", 1, NO_ERROR)), "WireError"),
            (lambda line: line.close(), "Disconnected"),
            (lambda line: _send_forever(line, frame(b"Q", 1, b"junk")), "DeadlinePassed"),
            (lambda line: _send_forever(line, frame(b"Q", 1, NEXT)), "DeadlinePassed"),
        ],
    )  # fmt: skip
    def test_each_trick_ends_in_time(self, hostile: Hostile, expected: str) -> None:
        # A peer that does not read lets our answers pile up until the deadline: or it hangs up before.
        assert ask(lambda line: (hostile(line), time.sleep(1))[1]) in (expected, "Disconnected")

    def test_slow_drops_gain_no_time(self) -> None:
        def drip(line: socket.socket) -> None:
            for byte in frame(b"R", 1, message(["value", 1])) * 100:
                time.sleep(0.1)
                line.sendall(bytes([byte]))

        assert ask(drip) == "DeadlinePassed"

    def test_who_does_not_read_cannot_hold_up_a_large_question(self) -> None:
        here, there = socket.socketpair()
        transport = ConnectionTransport(here, lambda frame: b"")
        transport.deadline = time.monotonic() + 0.5
        with pytest.raises(DeadlinePassed):
            transport(bytes(50 * MIB))
        with pytest.raises((Disconnected, DeadlinePassed)):
            transport(b"another")
        there.close()

    def test_an_announced_length_takes_no_memory(self) -> None:
        head = struct.pack("<IcQ", 250 * MIB, b"R", 1)
        with bounded(8):
            assert ask(lambda line: (line.sendall(head + bytes(MIB)), time.sleep(1))[1]) == "DeadlinePassed"

    def test_all_answers_together_are_bounded(self) -> None:
        def generous(line: socket.socket) -> None:
            reply = message(["list", ["value", ["bytes", 0]]])
            for number in range(1, 100):
                line.recv(4096)
                line.sendall(frame(b"R", number, reply))

        here, there = socket.socketpair()
        threading.Thread(target=_misbehave, args=(generous, there), daemon=True).start()
        peer = JudgePeer()
        peer.transport = ConnectionTransport(here, peer.serve)
        peer.allowance = 5000
        with pytest.raises(WireError, match="sent more than"):
            all(peer.request("name", "answer") == b"" for _ in range(99))


class TestTheDoor:
    def test_guests_without_the_key_get_nothing(self) -> None:
        served: list[bytes] = []
        door = Door(lambda frame: served.append(frame) or b"")
        try:
            for junk in (b"", b"x" * 32, b"y" * 10_000):
                with contextlib.suppress(OSError):
                    line = socket.socket(socket.AF_UNIX)
                    line.connect(door.address)
                    line.sendall(junk + frame(b"Q", 1, b"please"))
                    line.settimeout(2)
                    line.recv(100), line.recv(100)
            assert served == []
        finally:
            door.close()

    def test_silent_guests_do_not_keep_others_out(self) -> None:
        door = Door(lambda frame: frame)
        silent = []
        try:
            for _ in range(20):
                line = socket.socket(socket.AF_UNIX)
                line.connect(door.address)
                silent.append(line)
            guest = ConnectionTransport(greet(door.address, door.key), lambda frame: b"")
            guest.deadline = time.monotonic() + 10
            assert guest(b"hello") == b"hello"
        finally:
            door.close()
            for line in silent:
                line.close()

    def test_closing_sends_all_guests_away(self) -> None:
        door = Door(lambda frame: frame)
        lines = [greet(door.address, door.key) for _ in range(5)]
        door.close()
        for line in lines:
            line.settimeout(10)
            assert line.recv(1) == b""
        assert not os.path.exists(door.address)


class Secretive:
    """An object of a check: what is private in it the student must not learn."""

    def __init__(self) -> None:
        self.reads = [1, 2]
        self._answer = 42

    def method(self) -> int:
        return 7


class TestWhatTheJudgeServes:
    def setup_method(self) -> None:
        self.namespace: dict[str, Any] = {}
        self.connection = loopback(self.namespace)
        self.judge = self.connection.__enter__()
        self.student = self.judge.transport.__self__  # type: ignore[union-attr]
        assert isinstance(self.student, StudentPeer)

    def teardown_method(self) -> None:
        self.connection.__exit__(None, None, None)

    def hand_over(self, value: Any) -> Any:
        """Give the student an object of the judge's; returns the student's proxy of it."""
        self.namespace["keep"] = lambda thing: self.namespace.__setitem__("thing", thing)
        self.judge.request("call", self.judge.request("name", "keep"), [value], {})
        return self.namespace["thing"]

    def test_what_was_handed_out_can_be_used(self) -> None:
        proxy = self.hand_over(Secretive())
        assert proxy.reads == [1, 2]
        assert proxy.method() == 7

    def test_a_stop_ends_no_loop_but_the_iterators_own(self) -> None:
        self.namespace["stops"] = lambda value: next(iter(()))
        stops = self.judge.request("name", "stops")
        with pytest.raises(RemoteError):
            all(map(stops, [1, 2]))
        self.namespace["two"] = [1, lambda: 2]
        assert len(list(iter(self.judge.request("name", "two")))) == 2

    def test_private_names_stay_private_and_nothing_is_changed(self) -> None:
        thing = Secretive()
        proxy = self.hand_over(thing)
        for act in (lambda: proxy._answer, lambda: setattr(proxy, "reads", [])):
            with pytest.raises(AttributeError):
                act()
        assert thing.reads == [1, 2]
        proxy.transform = proxy.transform = 3  # a name of its own
        assert proxy.transform == 3

    @pytest.mark.parametrize(
        ("operation", "operands"),
        [
            ("get", ["{0._answer}", "format"]),
            ("get", [np.ones(3), "tofile"]),
            ("get", [torch.ones(3), "untyped_storage"]),
            ("call", [1, [], {}]),
            ("item", [[1, 2], 0]),
            ("iterate", [range(3)]),
            ("set", [[1], "x", 1]),
        ],
    )
    def test_plain_values_of_ones_own_are_no_objects_of_the_judge(
        self, operation: str, operands: list[Any]
    ) -> None:
        with pytest.raises(RemoteError, match="has not handed out"):
            self.student.request(operation, *operands)

    @pytest.mark.parametrize(
        "make",
        [lambda path: path, lambda path: (path / "f").open("w"), lambda path: os],
        ids=["path", "file", "module"],
    )
    def test_no_way_leads_to_files(self, make: Callable[[Any], Any], tmp_path: Any) -> None:
        thing = make(tmp_path)
        proxy = self.hand_over(thing)
        with pytest.raises(AttributeError, match="cannot be read"):
            _ = proxy.write
        assert not _is_open(thing)

    @often(200)
    @given(trees)
    def test_any_question_is_answered(self, tree: Any) -> None:
        reply = JudgePeer().serve(message(tree))
        assert decode(reply, lambda handle: handle)[0] == "error"


def fuzz(seconds: float) -> None:
    """Try every fuzz test with new examples until the time is over; memory must stay flat."""
    end = time.monotonic() + seconds
    tests = (
        (TestTheDecoder, "test_any_bytes"),
        (TestTheDecoder, "test_any_bytes_after_a_length_that_nearly_fits"),
        (TestTheDecoder, "test_any_tree"),
        (TestTheDecoder, "test_messages_with_a_few_bytes_changed"),
        (TestTheConnection, "test_any_bytes"),
        (TestTheConnection, "test_any_frames"),
        (TestWhatTheJudgeServes, "test_any_question_is_answered"),
    )
    rounds = 0
    while time.monotonic() < end:
        for kind, name in tests:
            case = kind()
            if hasattr(case, "setup_method"):
                case.setup_method()
            getattr(case, name)()
        rounds += 1
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"round {rounds}, {seconds - (end - time.monotonic()):.0f} s, at most {peak} MiB held", flush=True
        )


if __name__ == "__main__":
    fuzz(float(sys.argv[1]) if len(sys.argv) > 1 else 600)
