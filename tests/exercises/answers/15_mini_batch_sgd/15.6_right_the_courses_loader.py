"""Uses the course's loader, which gives the same orders, in batches."""

import torch

from course_lib import DataLoader


def find_seed(order, seeds, epochs):
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        loader = DataLoader(range(len(order)), batch_size=16, shuffle=True, generator=generator)
        seen = [torch.cat(list(loader)).tolist() for _ in range(epochs)]
        if order in seen:
            return seed, seen.index(order)
