"""Seeds the global generator and gives the loader none.

Rejected by: the seed of a first epoch
Saying: the loader's generator
"""

import torch


def find_seed(order, seeds, epochs):
    for seed in seeds:
        torch.manual_seed(seed)
        loader = torch.utils.data.DataLoader(range(len(order)), shuffle=True)
        for epoch in range(epochs):
            if [int(sample) for sample in loader] == order:
                return seed, epoch
    return None
