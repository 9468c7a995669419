"""Never looks at the first bytes.

Rejected by: another kind of file is refused
Saying: Compare the first three bytes
"""

import math
import struct

import torch


def read_idx(content):
    start = 4 + 4 * content[3] if len(content) > 3 else 4
    if len(content) < start:
        raise ValueError("the header is cut short")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise ValueError("the values do not fit the header")
    return torch.tensor(list(content[start:]), dtype=torch.uint8).reshape(shape)
