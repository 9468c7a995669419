"""Scales to [0, 1] on the way: four times the memory, and not what the file holds.

Rejected by: images, row after row
Saying: float32 tensor
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
    if len(content) - start != math.prod(shape):
        raise ValueError("the values do not fit the header")
    return torch.tensor(list(content[start:])).reshape(shape) / 255
