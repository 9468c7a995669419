"""The wire codec: which values cross between a check and the student's code, and as what.

Plain data crosses as a copy: numbers, strings, containers, tensors and arrays as `{dtype, shape, bytes}`,
named tuples and mappings as type name and fields. Everything else crosses as a *handle*, a number that
stands for an object which stays where it is. Nothing is ever pickled, so decoding runs no code of the sender.

A value is first turned into a tree whose inner nodes are `[tag, ...]`, and then packed by msgpack.
"""

import math
import sys
from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import msgpack

MAX_FRAME_BYTES = 512 * 1024 * 1024
MAX_DEPTH = 64
MAX_TYPE_NAMES = 32

#: What a handle's object can do, as the proxy on the other side will offer it.
ABILITIES = ("__call__", "__getitem__", "__getitems__", "__iter__", "__len__", "__next__")

_TENSOR_WIDTHS = {
    "int": (8, 16, 32, 64),
    "uint": (8, 16, 32, 64),
    "float": (16, 32, 64),
    "complex": (64, 128),
}
_TENSOR_DTYPES = {"bool", "bfloat16"} | {
    f"{kind}{n}" for kind, widths in _TENSOR_WIDTHS.items() for n in widths
}
_ARRAY_KINDS = "biufcSU"


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
    packed = cast(bytes, msgpack.packb(_to_tree(value, export, 0), use_bin_type=True))
    if len(packed) > MAX_FRAME_BYTES:
        raise WireError(f"the value takes {len(packed):,} bytes; at most {MAX_FRAME_BYTES:,} can cross")
    return packed


def decode(packed: bytes, resolve: Callable[[Handle], Any]) -> Any:
    """Unpack what `encode` packed; `resolve` turns each handle into an object or a proxy.

    Raises:
        WireError: when the bytes are no message, whatever they are.
    """
    try:
        tree = msgpack.unpackb(packed, raw=False, strict_map_key=True)
        return _from_tree(tree, resolve, 0)
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"these bytes are no message: {type(error).__name__}: {error}") from error


def _to_tree(value: Any, export: Callable[[Any], Handle], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"the value is nested more than {MAX_DEPTH} levels deep (does it contain itself?)")

    def each(items: Any) -> list[Any]:
        return [_to_tree(item, export, depth + 1) for item in items]

    kind = type(value)
    if value is None or kind in (bool, float, str, bytes):
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**63 else ["int", str(value)]
    if kind in (list, tuple, set, frozenset):
        return [kind.__name__, each(value)]
    if kind is dict:
        return ["dict", each(value.keys()), each(value.values())]
    if kind is complex:
        return ["complex", value.real, value.imag]
    if kind is range:
        return ["range", value.start, value.stop, value.step]
    if kind is slice:
        return ["slice", each([value.start, value.stop, value.step])]
    if issubclass(kind, tuple) and isinstance(fields := getattr(kind, "_fields", None), tuple):
        return ["namedtuple", kind.__name__, list(fields), each(value)]
    numeric = _numeric_to_tree(value)
    if numeric is not None:
        return numeric
    if isinstance(value, Mapping) and not isinstance(value, type):
        return ["mapping", kind.__name__, each(list(value.keys())), each([value[key] for key in value])]
    handle = export(value)
    return ["handle", handle.number, handle.mine, list(handle.type_names), list(handle.abilities)]


def _numeric_to_tree(value: Any) -> list[Any] | None:
    """Return the tree of a NumPy or torch value, or None when it is neither. Imports neither."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and type(value) is numpy.ndarray and value.dtype.kind in _ARRAY_KINDS:
        _check_size(value.size * value.itemsize)
        return ["array", value.dtype.str, list(value.shape), value.tobytes()]
    if numpy is not None and isinstance(value, numpy.generic) and value.dtype.kind in _ARRAY_KINDS:
        return ["scalar", value.dtype.str, value.tobytes()]
    if torch is None:
        return None
    if type(value) in (torch.Tensor, torch.nn.Parameter) and _is_dense(torch, value):
        _check_size(value.numel() * value.element_size())
        flat = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        return ["tensor", str(value.dtype).removeprefix("torch."), list(value.shape), flat.tobytes()]
    if type(value) is torch.Size:
        return ["size", list(value)]
    if type(value) is torch.dtype:
        return ["dtype", str(value).removeprefix("torch.")]
    if type(value) is torch.Generator:
        return ["generator", value.get_state().numpy().tobytes()]
    return None


def _is_dense(torch: Any, tensor: Any) -> bool:
    known = str(tensor.dtype).removeprefix("torch.") in _TENSOR_DTYPES
    return known and tensor.layout == torch.strided and not tensor.is_nested and tensor.device.type != "meta"


def _check_size(size: int) -> None:
    if size > MAX_FRAME_BYTES:
        raise WireError(f"the array takes {size:,} bytes; at most {MAX_FRAME_BYTES:,} can cross")


def _from_tree(tree: Any, resolve: Callable[[Handle], Any], depth: int) -> Any:
    if not isinstance(tree, list):
        if isinstance(tree, dict | msgpack.ExtType | msgpack.Timestamp):
            raise WireError(f"a {type(tree).__name__} is not part of any message")
        return tree
    if depth > MAX_DEPTH:
        raise WireError(f"the message is nested more than {MAX_DEPTH} levels deep")

    def each(items: list[Any]) -> list[Any]:
        return [_from_tree(item, resolve, depth + 1) for item in items]

    tag, *parts = tree
    match tag, parts:
        case "list", [list(items)]:
            return each(items)
        case "tuple", [list(items)]:
            return tuple(each(items))
        case "set", [list(items)]:
            return set(each(items))
        case "frozenset", [list(items)]:
            return frozenset(each(items))
        case "dict", [list(keys), list(values)]:
            return dict(zip(each(keys), each(values), strict=True))
        case "mapping", [str(name), list(keys), list(values)]:
            mapping = NamedMapping(zip(each(keys), each(values), strict=True))
            mapping.type_name = name
            return mapping
        case "namedtuple", [str(name), list(fields), list(values)]:
            return _named_tuple_class(name, tuple(fields))(*each(values))
        case "int", [str(digits)]:
            return int(digits)
        case "complex", [float(real), float(imaginary)]:
            return complex(real, imaginary)
        case "range", [int(start), int(stop), int(step)]:
            return range(start, stop, step)
        case "slice", [list(bounds)]:
            return slice(*each(bounds))
        case "handle", [int(number), bool(mine), list(names), list(abilities)]:
            return resolve(Handle(number, mine, _strings(names), _strings(abilities)))
    return _numeric_from_tree(tag, parts)


def _strings(items: list[Any]) -> tuple[str, ...]:
    if len(items) > MAX_TYPE_NAMES or not all(type(item) is str for item in items):
        raise WireError(f"expected at most {MAX_TYPE_NAMES} strings, got {items!r:.200}")
    return tuple(items)


def _numeric_from_tree(tag: Any, parts: list[Any]) -> Any:
    import numpy

    match tag, parts:
        case "array", [str(name), list(shape), bytes(buffer)]:
            return numpy.frombuffer(buffer, _array_dtype(name)).reshape(_shape(shape)).copy()
        case "scalar", [str(name), bytes(buffer)]:
            return numpy.frombuffer(buffer, _array_dtype(name), count=1)[0]
    import torch

    match tag, parts:
        case "tensor", [str(name), list(shape), bytes(buffer)]:
            return _tensor(_tensor_dtype(name), _shape(shape), buffer)
        case "size", [list(shape)]:
            return torch.Size(_shape(shape))
        case "dtype", [str(name)]:
            return _tensor_dtype(name)
        case "generator", [bytes(state)]:
            generator = torch.Generator()
            generator.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))
            return generator
    raise WireError(f"unknown kind of value: {tag!r:.100}")


def _tensor(dtype: Any, shape: tuple[int, ...], buffer: bytes) -> Any:
    import torch

    if math.prod(shape) * dtype.itemsize != len(buffer):
        raise WireError(f"a {dtype} tensor of shape {shape} does not take {len(buffer)} bytes")
    if not buffer:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(bytearray(buffer), dtype=dtype).reshape(shape)


def _array_dtype(name: str) -> Any:
    import numpy

    dtype = numpy.dtype(name)
    if dtype.kind not in _ARRAY_KINDS:
        raise WireError(f"arrays of {name!r} do not cross")
    return dtype


def _tensor_dtype(name: str) -> Any:
    import torch

    if name not in _TENSOR_DTYPES:
        raise WireError(f"{name!r:.100} is no tensor dtype that crosses")
    return getattr(torch, name)


def _shape(numbers: list[Any]) -> tuple[int, ...]:
    if len(numbers) > MAX_DEPTH or not all(type(number) is int and number >= 0 for number in numbers):
        raise WireError(f"{numbers!r:.100} is no shape")
    return tuple(numbers)


@lru_cache(maxsize=256)
def _named_tuple_class(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name, fields)
