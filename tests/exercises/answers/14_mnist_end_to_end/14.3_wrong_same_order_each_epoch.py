"""Shuffles once, when the loader is made, instead of in every epoch.

Rejected by: training comes shuffled, in full batches
Saying: a new one in every epoch
"""

import torch

from course_lib import DataLoader, Subset


def make_loaders(parts, batch_size, generator):
    loaders = {}
    for name, part in parts.items():
        if name != "train":
            loaders[name] = DataLoader(part, batch_size)
            continue
        if len(part) < batch_size:
            raise ValueError("the training part is smaller than a batch")
        mixed = Subset(part, torch.randperm(len(part), generator=generator))
        loaders[name] = DataLoader(mixed, batch_size, drop_last=True, generator=generator)
    return loaders
