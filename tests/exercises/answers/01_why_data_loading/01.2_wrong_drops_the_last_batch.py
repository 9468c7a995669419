"""Takes drop_last at its word and drops the last batch, full or not.

Rejected by: drop_last drops a short batch only
Saying: not whether it is the last
"""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, it must be at least 1")
    order = torch.randperm(n, generator=generator).tolist() if shuffle else list(range(n))
    batches = [order[start : start + batch_size] for start in range(0, n, batch_size)]
    yield from batches[:-1] if drop_last else batches
