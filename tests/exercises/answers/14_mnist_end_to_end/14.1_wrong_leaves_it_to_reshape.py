"""Lets unpack and reshape complain: those are other errors, without a word about the file.

Rejected by: a file of the wrong length is refused
Saying: RuntimeError
"""

import struct

import torch


def read_idx(content):
    zeros, kind, dimensions = struct.unpack_from(">HBB", content)
    if (zeros, kind) != (0, 8):
        raise ValueError("no IDX file")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    values = list(content[4 + 4 * dimensions :])
    return torch.tensor(values, dtype=torch.uint8).reshape(shape)
