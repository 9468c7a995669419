"""Reads the last byte of each size only, which is enough up to 255 samples.

Rejected by: labels, one after the other
Saying: most significant byte first
"""

import math

import torch


def read_idx(content):
    if content[:3] != bytes([0, 0, 8]) or len(content) < 4:
        raise ValueError("no IDX file")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError("the header is cut short")
    shape = [content[7 + 4 * number] for number in range(content[3])]
    if len(content) - start < math.prod(shape) or len(content) - start > 256 * math.prod(shape):
        raise ValueError("the values do not fit the header")
    return torch.tensor(list(content[start : start + math.prod(shape)]), dtype=torch.uint8).reshape(shape)
