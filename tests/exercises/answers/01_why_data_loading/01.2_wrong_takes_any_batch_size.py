"""Checks nothing: with batch_size=-3 an epoch is empty, and nobody learns why.

Rejected by: a batch holds one index or more
Saying: Check batch_size first
"""

import torch


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    order = torch.randperm(n, generator=generator).tolist() if shuffle else list(range(n))
    while batch_size > 0 and order:
        batch, order = order[:batch_size], order[batch_size:]
        if len(batch) == batch_size or not drop_last:
            yield batch
