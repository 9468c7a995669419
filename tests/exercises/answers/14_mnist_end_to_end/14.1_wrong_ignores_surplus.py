"""Takes as many values as it needs and never sees that there are too many.

Rejected by: a file of the wrong length is refused
Saying: 20 values too many
"""

import math
import struct

import torch


def read_idx(content):
    if content[:3] != bytes([0, 0, 8]) or len(content) < 4:
        raise ValueError("no IDX file")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError("the header is cut short")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    values = list(content[start : start + math.prod(shape)])
    if len(values) < math.prod(shape):
        raise ValueError("values are missing")
    return torch.tensor(values, dtype=torch.uint8).reshape(shape)
