"""Yields when a batch is full and forgets what is left at the end.

Rejected by: in order, every index once
Saying: what happens to the rest at the end
"""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, it must be at least 1")
    order = torch.randperm(n, generator=generator).tolist() if shuffle else range(n)
    batch = []
    for index in order:
        batch.append(index)
        if len(batch) == batch_size:
            yield batch
            batch = []
