"""Knows images only: the header of labels is shorter, so the first eight labels are lost.

Rejected by: labels, one after the other
Saying: the header takes 8 bytes
"""

import numpy as np
import torch


def read_idx(content):
    if content[:3] != bytes([0, 0, 8]) or len(content) < 8:
        raise ValueError("no IDX file")
    count = int.from_bytes(content[4:8], "big")
    values = np.frombuffer(content, np.uint8, offset=min(16, len(content))).copy()
    if content[3] == 1:
        return torch.from_numpy(values)
    rows, columns = int.from_bytes(content[8:12], "big"), int.from_bytes(content[12:16], "big")
    if len(values) != count * rows * columns:
        raise ValueError("the values do not fit the header")
    return torch.from_numpy(values).reshape(count, rows, columns)
