"""Sets a seed inside: every epoch has the same order, and the randomness of the whole program restarts.

Rejected by: a new order each time
Saying: Do not set a seed inside the function
"""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, it must be at least 1")
    if generator is None:
        torch.manual_seed(42)
    order = torch.randperm(n, generator=generator).tolist() if shuffle else list(range(n))
    for start in range(0, n, batch_size):
        batch = order[start : start + batch_size]
        if len(batch) == batch_size or not drop_last:
            yield batch
