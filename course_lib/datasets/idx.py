"""Read and write IDX, the file format of MNIST (lesson 14).

A file is a header and the values, row by row. The header is two zero bytes, one byte for the type of the
values (8 for uint8), one for the number of dimensions, then each size as a four-byte big-endian integer.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

from course_lib.whole_file import write_whole

_UINT8 = 8


def read_idx(path: Path) -> torch.Tensor:
    """Read uint8 values from an IDX file; one whose name ends in .gz is unpacked on the way.

    Returns:
        A uint8 tensor in the shape that the file states.

    Raises:
        ValueError: if the file is damaged or holds something else; the message names the file.
        OSError: if it cannot be read.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(_damage(path, str(error))) from error
    return parse_idx(content, path)


def parse_idx(content: bytes, path: Path) -> torch.Tensor:
    """Turn the content of an IDX file into a uint8 tensor.

    Args:
        content: the whole file, unpacked.
        path: where it comes from, for the message of an error.

    Raises:
        ValueError: if the content is damaged or holds something else.
    """
    try:
        zeros, kind, dimensions = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{dimensions}I", content, offset=4)
    except struct.error as error:
        raise ValueError(_damage(path, str(error))) from error
    start = 4 + 4 * dimensions
    if (zeros, kind) != (0, _UINT8) or len(content) - start != math.prod(shape):
        raise ValueError(_damage(path, f"{len(content):,} bytes do not fit shape {shape} of uint8"))
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy())


def write_idx(path: Path, values: torch.Tensor) -> None:
    """Write a uint8 tensor to an IDX file, at once: readers see the whole file or none.

    Raises:
        TypeError: if the values are not uint8.
    """
    if values.dtype != torch.uint8:
        raise TypeError(
            f"write_idx got values of {values.dtype}. MNIST's files hold bytes. Convert with "
            "values.to(torch.uint8)."
        )
    header = struct.pack(f">HBB{values.ndim}I", 0, _UINT8, values.ndim, *values.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, header + values.contiguous().numpy().tobytes())


def _damage(path: Path, detail: str) -> str:
    return (
        f"{path} is no whole IDX file of bytes: {detail}. Its header states how many values follow it. "
        "Delete the file, so that it is fetched or written anew."
    )
