"""Stops reading an epoch at the first difference, so that the generator is not where a whole epoch leaves it.

Rejected by: a later epoch
Saying: to its end
"""

import torch


def find_seed(order, seeds, epochs):
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        loader = torch.utils.data.DataLoader(range(len(order)), shuffle=True, generator=generator)
        for epoch in range(epochs):
            for sample, wanted in zip(loader, order):
                if int(sample) != wanted:
                    break
            else:
                return seed, epoch
    return None
