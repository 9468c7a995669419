"""Compares which samples came, not in which order: all seeds look alike.

Rejected by: the seed of a first epoch
Saying: only the whole sequence tells
"""

import torch


def find_seed(order, seeds, epochs):
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        loader = torch.utils.data.DataLoader(range(len(order)), shuffle=True, generator=generator)
        for epoch in range(epochs):
            if {int(sample) for sample in loader} == set(order):
                return seed, epoch
    return None
