"""How NumPy's and torch's values cross: as dtype and shape in the tree, and their bytes beside it.

Imports neither library until a value of theirs arrives.
"""

import math
import re
import sys
from collections.abc import Callable
from typing import Any

MAX_DIMENSIONS = 32
MAX_LENGTH = 2**40  # of a dimension: products of a few such numbers still are exact

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
_ARRAY_DTYPE = re.compile(r"\|b1|[<|][iu][1248]|<f(2|4|8|16)|<c(8|16|32)|\|S\d{1,6}|<U\d{1,6}")

#: Puts so many bytes, made by a function, beside the tree; takes so many bytes from there.
Put = Callable[[int, Callable[[], bytes]], None]
Take = Callable[[int], memoryview]


class NoSuchValue(ValueError):  # noqa: N818
    """What arrived is no array, no tensor, and nothing else of theirs."""


def to_tree(value: Any, put: Put) -> list[Any] | None:
    """Return the tree of a NumPy or torch value, or None when it is neither."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and type(value) is numpy.ndarray and value.dtype.kind in _ARRAY_KINDS:
        dtype = value.dtype.newbyteorder("<")
        put(value.nbytes, lambda: numpy.asarray(value, dtype).tobytes())
        return ["array", dtype.str, list(value.shape)]
    if numpy is not None and isinstance(value, numpy.generic) and value.dtype.kind in _ARRAY_KINDS:
        return ["scalar", value.dtype.newbyteorder("<").str, numpy.array(value).tobytes()]
    if torch is None:
        return None
    if type(value) in (torch.Tensor, torch.nn.Parameter) and _is_dense(torch, value):
        put(value.numel() * value.element_size(), lambda: _tensor_bytes(torch, value))
        return ["tensor", str(value.dtype).removeprefix("torch."), list(value.shape)]
    if type(value) is torch.Size:
        return ["size", list(value)]
    if type(value) is torch.dtype:
        return ["dtype", str(value).removeprefix("torch.")]
    if type(value) is torch.Generator:
        return ["generator", value.get_state().numpy().tobytes()]
    return None


def from_tree(tag: Any, parts: list[Any], take: Take) -> Any:
    """Make the value again. Its bytes are looked at before it is: no size is believed.

    Raises:
        NoSuchValue: when the tree is of no such value.
    """
    import numpy

    match tag, parts:
        case "array", [str(name), list(lengths)]:
            dtype, shape = _array_dtype(name), _shape(lengths)
            data = take(math.prod(shape) * dtype.itemsize)
            return (
                _checked(numpy.frombuffer(data, dtype) if data else numpy.empty(0, dtype))
                .reshape(shape)
                .copy()
            )
        case "scalar", [str(name), bytes(data)]:
            dtype = _array_dtype(name)
            if len(data) != dtype.itemsize:
                raise NoSuchValue(f"a {name} of {len(data)} bytes")
            return _checked(numpy.frombuffer(data, dtype))[0]
    import torch

    match tag, parts:
        case "tensor", [str(name), list(lengths)]:
            return _tensor(_tensor_dtype(name), _shape(lengths), take)
        case "size", [list(lengths)]:
            return torch.Size(_shape(lengths))
        case "dtype", [str(name)]:
            return _tensor_dtype(name)
        case "generator", [bytes(state)]:
            generator = torch.Generator()
            if len(state) != generator.get_state().numel():
                raise NoSuchValue(f"a generator's state of {len(state)} bytes")
            generator.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))
            return generator
    raise NoSuchValue(f"unknown kind of value: {tag!r:.100}")


def _is_dense(torch: Any, tensor: Any) -> bool:
    known = str(tensor.dtype).removeprefix("torch.") in _TENSOR_DTYPES
    return known and tensor.layout == torch.strided and not tensor.is_nested and tensor.device.type != "meta"


def _tensor_bytes(torch: Any, tensor: Any) -> bytes:
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    data: bytes = plain.reshape(-1).view(torch.uint8).numpy().tobytes()
    return data


def _tensor(dtype: Any, shape: tuple[int, ...], take: Take) -> Any:
    import torch

    data = take(math.prod(shape) * dtype.itemsize)
    if not data:
        return torch.empty(shape, dtype=dtype)
    values = torch.frombuffer(bytearray(data), dtype=dtype)
    if dtype == torch.bool and int(values.view(torch.uint8).max()) > 1:
        raise NoSuchValue("a truth value that is neither 0 nor 1")
    return values.reshape(shape)


def _checked(array: Any) -> Any:
    """Refuse bytes that are no value of their dtype: such values would not equal themselves."""
    import numpy

    if array.dtype.kind == "b" and (array.view(numpy.uint8) > 1).any():
        raise NoSuchValue("a truth value that is neither 0 nor 1")
    if array.dtype.kind == "U" and (array.view(numpy.uint32) > 0x10FFFF).any():
        raise NoSuchValue("a text of what are no characters")
    return array


def _array_dtype(name: str) -> Any:
    import numpy

    if not _ARRAY_DTYPE.fullmatch(name):
        raise NoSuchValue(f"arrays of {name!r:.100} do not cross")
    dtype = numpy.dtype(name)
    if dtype.itemsize == 0:
        raise NoSuchValue(f"arrays of {name!r:.100} have elements without size")
    return dtype


def _tensor_dtype(name: str) -> Any:
    import torch

    if name not in _TENSOR_DTYPES:
        raise NoSuchValue(f"{name!r:.100} is no tensor dtype that crosses")
    return getattr(torch, name)


def _shape(lengths: list[Any]) -> tuple[int, ...]:
    if len(lengths) > MAX_DIMENSIONS or not all(
        type(each) is int and 0 <= each <= MAX_LENGTH for each in lengths
    ):
        raise NoSuchValue(f"{lengths!r:.100} is no shape")
    return tuple(lengths)
