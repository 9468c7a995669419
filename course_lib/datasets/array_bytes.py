"""Tensors and arrays as bytes that cannot run code (lesson 06).

A pickle is a program: reading one from a database or a download runs whatever its writer put in. These bytes
hold only what an array is made of, and reading them can do no more than fail.

    | magic | kind | number of dimensions | type     | sizes        | values |
    | 6     | 1    | 1                    | 16 bytes | 8 bytes each | the rest
"""

import math
import struct
from typing import Any

import numpy as np
import torch

_MAGIC = b"\x93CARR\x01"
_HEADER = struct.Struct("<6sBB16s")
_TENSOR, _ARRAY, _SCALAR = range(3)
_PLAIN_KINDS = "biufcSUmM"  # numbers, texts of fixed length and times: values without pointers
_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in vars(torch).values()
    if isinstance(dtype, torch.dtype) and not str(dtype).removeprefix("torch.").startswith(("q", "bits"))
}


def encode_array(values: Any) -> bytes:
    """Write a tensor, an array or a NumPy number as bytes.

    Args:
        values: of any shape; a tensor may lie on any device, and comes back on the CPU.

    Raises:
        TypeError: if the values are no plain numbers: an array of objects, a nested or sparse tensor.
    """
    if isinstance(values, torch.Tensor):
        name = str(values.dtype).removeprefix("torch.")
        if values.layout is not torch.strided or values.is_nested or name not in _DTYPES:
            raise TypeError(_not_plain(f"a tensor of layout {values.layout} and type {values.dtype}"))
        plain = values.detach().cpu().resolve_conj().resolve_neg().contiguous()
        content = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
        return _header(_TENSOR, name, tuple(values.shape)) + content
    array = np.asarray(values)
    if array.dtype.kind not in _PLAIN_KINDS or len(array.dtype.str) > 16:
        raise TypeError(_not_plain(f"a {type(values).__name__} of type {array.dtype}"))
    kind = _SCALAR if isinstance(values, np.generic) else _ARRAY
    return _header(kind, array.dtype.str, array.shape) + array.tobytes()


def decode_array(content: bytes) -> Any:
    """Read what `encode_array` wrote. The result has memory of its own.

    Args:
        content: the bytes, from wherever they come; nothing in them is executed.

    Returns:
        A tensor, an array or a NumPy number, of the type and shape that was written.

    Raises:
        ValueError: if these are other bytes, or not all of them.
    """
    if content[: len(_MAGIC)] != _MAGIC or len(content) < _HEADER.size:
        raise ValueError(
            f"{len(content)} bytes beginning with {content[:8]!r} are no stored array. Only what "
            "encode_array wrote is read; other bytes, such as a pickle, could run code and are not touched. "
            "Write the data again with encode_array, or decode it by a function of your own."
        )
    _, kind, dimensions, raw_name, start = *_HEADER.unpack_from(content), _HEADER.size + 8 * content[7]
    shape = struct.unpack_from(f"<{dimensions}q", content, _HEADER.size) if len(content) >= start else None
    name = raw_name.rstrip(b"\0").decode("ascii", "replace")
    dtype = _known_dtype(kind, name)
    size = dtype.itemsize if dtype is not None else 0
    if (
        shape is None
        or dtype is None
        or min(shape, default=0) < 0
        or _size(shape, size) != len(content) - start
    ):
        raise ValueError(
            f"A stored array of type {name!r} and shape {shape} came with {max(0, len(content) - start):,} "
            f"bytes of values, {size} for each. The sizes do not fit: the bytes are cut off or damaged. "
            "Write the data again."
        )
    if isinstance(dtype, torch.dtype):
        values = bytearray(content[start:])
        flat = torch.frombuffer(values, dtype=dtype) if values else torch.empty(0, dtype=dtype, device="cpu")
        return flat.reshape(shape)
    array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return array[()] if kind == _SCALAR else array.copy()


def _header(kind: int, name: str, shape: tuple[int, ...]) -> bytes:
    return _HEADER.pack(_MAGIC, kind, len(shape), name.encode()) + struct.pack(f"<{len(shape)}q", *shape)


def _size(shape: tuple[int, ...], itemsize: int) -> int:
    return math.prod(shape) * itemsize


def _known_dtype(kind: int, name: str) -> torch.dtype | np.dtype[Any] | None:
    if kind == _TENSOR:
        return _DTYPES.get(name)
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError, SyntaxError):
        return None
    return dtype if kind in (_ARRAY, _SCALAR) and dtype.kind in _PLAIN_KINDS else None


def _not_plain(what: str) -> str:
    return (
        f"encode_array got {what}. Only arrays of plain numbers can be stored safely. Convert it to a dense "
        "tensor or array of numbers first."
    )
