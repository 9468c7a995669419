"""Makes a new generator for every epoch, so that every epoch is epoch 0.

Rejected by: a later epoch
Saying: would begin with epoch 0 again
"""

import torch


def find_seed(order, seeds, epochs):
    for seed in seeds:
        for epoch in range(epochs):
            generator = torch.Generator().manual_seed(seed)
            loader = torch.utils.data.DataLoader(range(len(order)), shuffle=True, generator=generator)
            if [int(sample) for sample in loader] == order:
                return seed, epoch
    return None
