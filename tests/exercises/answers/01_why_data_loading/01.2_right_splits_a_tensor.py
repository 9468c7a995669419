"""Returns a list of all batches at once, made by torch's own split of a tensor."""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    if batch_size < 1:
        raise ValueError(f"a batch holds at least one sample, not {batch_size}")
    order = torch.randperm(n, generator=generator) if shuffle else torch.arange(n)
    if drop_last:
        order = order[: n - n % batch_size]
    return [batch.tolist() for batch in order.split(batch_size) if len(batch)]
