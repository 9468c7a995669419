"""The codec: what crosses as plain data arrives equal; nothing that arrives can do harm."""

import collections
import contextlib
import math
from collections import OrderedDict
from typing import Any, NamedTuple

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.classroom.exercises.expectations import same
from course_lib.classroom.exercises.wire import Handle, NamedMapping, WireError, decode, encode


def no_export(value: Any) -> Handle:
    raise AssertionError(f"{value!r} should be plain data")


def message(tree: Any, beside: bytes = b"") -> bytes:
    """Pack a tree as `encode` would, whatever it says."""
    packed: bytes = msgpack.packb(tree)
    return len(packed).to_bytes(4, "little") + packed + beside


def round_trip(value: Any) -> Any:
    return decode(encode(value, no_export), lambda handle: handle)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False),
    lambda children: (
        st.lists(children)
        | st.lists(children).map(tuple)
        | st.dictionaries(st.text() | st.integers(), children)
        | st.frozensets(st.integers() | st.text())
        | st.sets(st.integers())
    ),
    max_leaves=20,
)


@given(plain)
def test_plain_data_arrives_equal_and_of_the_same_type(value: Any) -> None:
    arrived = round_trip(value)
    assert arrived == value
    assert type(arrived) is type(value)


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.bool, torch.bfloat16, torch.float32, torch.int64, torch.complex64]
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)])
def test_tensors_keep_dtype_shape_and_elements(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    arrived = round_trip(tensor)
    assert arrived.dtype == dtype
    assert arrived.shape == tensor.shape
    assert torch.equal(arrived, tensor)


def test_views_of_tensors_cross_as_what_they_show() -> None:
    tensor = torch.arange(12).reshape(3, 4)
    assert torch.equal(round_trip(tensor.T), tensor.T)
    assert torch.equal(round_trip(tensor[1:, ::2]), tensor[1:, ::2])
    assert torch.equal(round_trip(torch.ones(1).expand(1000)), torch.ones(1000))


def test_a_parameter_arrives_as_a_tensor() -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    assert type(round_trip(parameter)) is torch.Tensor


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3), np.array(["a", "bcd"]), np.zeros((0, 2), np.int8)]
)
def test_arrays_keep_dtype_shape_and_elements(array: Any) -> None:
    arrived = round_trip(array)
    assert arrived.dtype == array.dtype
    assert np.array_equal(arrived, array)


@pytest.mark.parametrize("scalar", [np.float32(1.5), np.int16(-3), np.bool_(True)])
def test_numpy_scalars_keep_their_type(scalar: Any) -> None:
    assert type(round_trip(scalar)) is type(scalar)
    assert round_trip(scalar) == scalar


class Point(NamedTuple):
    x: int
    y: float


def test_named_tuples_cross_as_name_and_fields() -> None:
    arrived = round_trip([Point(1, 2.0)])[0]
    assert type(arrived).__name__ == "Point"
    assert arrived._fields == ("x", "y")
    assert arrived == (1, 2.0)


def test_mappings_say_what_they_were() -> None:
    for mapping in (OrderedDict(a=1), collections.Counter("ab")):
        arrived = round_trip(mapping)
        assert isinstance(arrived, NamedMapping)
        assert arrived.type_name == type(mapping).__name__
        assert arrived == dict(mapping)


def test_a_generator_arrives_in_the_same_state() -> None:
    generator = torch.Generator().manual_seed(7)
    torch.rand(3, generator=generator)
    arrived = round_trip(generator)
    assert torch.equal(torch.rand(5, generator=arrived), torch.rand(5, generator=generator))


def test_other_small_things() -> None:
    for value in (range(1, 9, 3), slice(None, 3), torch.Size([2, 3]), torch.float16, 2**80, -(2**70)):
        assert round_trip(value) == value
    assert math.isnan(round_trip(float("nan")))


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class LyingTensor(torch.Tensor):
    pass


@pytest.mark.parametrize(
    "value", [Liar(3), LyingTensor(), object(), len, Point, torch.ones(2).to_sparse(), "x".join]
)
def test_everything_else_becomes_a_handle(value: Any) -> None:
    sent: list[Any] = []

    def export(thing: Any) -> Handle:
        sent.append(thing)
        return Handle(1, False, ("T",), ())

    assert decode(encode([value], export), lambda handle: handle) == [Handle(1, False, ("T",), ())]
    assert sent[0] is value


def test_a_list_in_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(WireError, match="contain itself"):
        encode(endless, no_export)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        decode(data, lambda handle: handle)


TAGS = (
    "list tuple set frozenset dict mapping namedtuple int complex range slice handle "
    "array scalar tensor size dtype generator"
)
tags = st.sampled_from(TAGS.split(" "))
trees = st.recursive(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8) | st.binary(max_size=16) | st.floats(),
    lambda children: st.lists(children, max_size=4) | st.tuples(tags, children, children).map(list),
    max_leaves=15,
)


@given(trees)
def test_any_tree_gives_a_value_or_a_wire_error(tree: Any) -> None:
    with contextlib.suppress(WireError):
        decode(message(tree), lambda handle: handle)


def test_a_tensor_with_too_few_bytes_is_refused() -> None:
    with pytest.raises(WireError, match="the message has 4"):
        decode(message(["tensor", "float32", [1000000]], b"1234"), lambda handle: handle)


def test_same_is_strict_about_dtype_shape_and_handles() -> None:
    assert same([torch.ones(2)], [torch.ones(2)])
    assert not same(torch.ones(2), torch.ones(2, dtype=torch.float64))
    assert not same(torch.ones(2), torch.ones(1, 2))
    assert not same([1.0], torch.ones(1))
    assert same({"a": (1, 2)}, {"a": (1, 2)})
    assert not same([1], (1,))
    assert not same("1", 1)
    assert not same({"a": 1, "b": 2}, {"a": 1})
