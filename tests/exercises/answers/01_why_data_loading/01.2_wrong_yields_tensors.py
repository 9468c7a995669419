"""Cuts a tensor and yields its elements as they are: each index is a tensor of no axes.

Rejected by: each batch is a list of plain ints
Saying: Each index is a plain int
"""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    if batch_size < 1:
        raise ValueError(f"a batch holds at least one sample, not {batch_size}")
    order = torch.randperm(n, generator=generator) if shuffle else torch.arange(n)
    if drop_last:
        order = order[: n - n % batch_size]
    return [list(order[start : start + batch_size]) for start in range(0, len(order), batch_size)]
