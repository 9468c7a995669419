"""Draws every batch at random from all indices: some come twice, others never.

Rejected by: shuffled, every index once
Saying: drawing each batch anew repeats indices
"""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, it must be at least 1")
    for start in range(0, n, batch_size):
        size = min(batch_size, n - start)
        if size < batch_size and drop_last:
            return
        if shuffle:
            yield torch.randint(n, (size,), generator=generator).tolist()
        else:
            yield list(range(start, start + size))
