"""Compares only the first sample, which another seed may share.

Rejected by: no seed at all
Saying: only where the whole list is equal
"""

import torch


def find_seed(order, seeds, epochs):
    best, score = None, -1
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        loader = torch.utils.data.DataLoader(range(len(order)), shuffle=True, generator=generator)
        for epoch in range(epochs):
            found = sum(int(sample) == wanted for sample, wanted in zip(list(loader), order))
            if found > score:
                best, score = (seed, epoch), found
    return best
