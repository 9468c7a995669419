"""Cuts first and shuffles the batches: neighbours stay together.

Rejected by: the whole order is shuffled, not the batches
Saying: Shuffle the indices first, then cut
"""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, it must be at least 1")
    batches = [list(range(start, min(start + batch_size, n))) for start in range(0, n, batch_size)]
    if drop_last:
        batches = [batch for batch in batches if len(batch) == batch_size]
    if shuffle:
        batches = [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]
    yield from batches
