"""Shuffles with the global random state although a generator was passed.

Rejected by: the generator decides the order
Saying: Pass the generator on
"""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, it must be at least 1")
    order = torch.randperm(n).tolist() if shuffle else list(range(n))
    for start in range(0, n, batch_size):
        batch = order[start : start + batch_size]
        if len(batch) == batch_size or not drop_last:
            yield batch
