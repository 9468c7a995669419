"""Finds the seed, and reseeds the global generator on the way.

Rejected by: the global state stays
Saying: changes the state of everybody
"""

import torch


def find_seed(order, seeds, epochs):
    for seed in seeds:
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        loader = torch.utils.data.DataLoader(range(len(order)), shuffle=True, generator=generator)
        for epoch in range(epochs):
            if [int(sample) for sample in loader] == order:
                return seed, epoch
    return None
