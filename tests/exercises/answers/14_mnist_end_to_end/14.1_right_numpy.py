"""Lets NumPy read big-endian sizes and bytes from the buffer, without a Python list."""

import numpy as np
import torch


def read_idx(content):
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(f"the file begins with {content[:4]!r}, not with 0, 0, 8")
    dimensions = content[3]
    body = content[4:]
    if len(body) < 4 * dimensions:
        raise ValueError("the header is cut short")
    shape = tuple(int(size) for size in np.frombuffer(body[: 4 * dimensions], dtype=">u4"))
    values = np.frombuffer(body[4 * dimensions :], dtype=np.uint8)
    # NumPy's reshape raises ValueError by itself when the number of values does not fit.
    return torch.from_numpy(values.reshape(shape).copy())
