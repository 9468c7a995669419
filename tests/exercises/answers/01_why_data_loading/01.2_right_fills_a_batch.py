"""Fills one batch index by index instead of slicing, and shuffles by sorting random keys."""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    if batch_size <= 0:
        raise ValueError(f"batch_size must be positive, got {batch_size}")
    indices = range(n)
    if shuffle:
        indices = torch.rand(n, generator=generator).argsort().tolist()
    batch = []
    for index in indices:
        batch.append(index)
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch and not drop_last:
        yield batch
