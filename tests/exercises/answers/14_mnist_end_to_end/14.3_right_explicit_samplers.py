"""Builds the training order from a sampler and a batch sampler."""

import torch

from course_lib import BatchSampler, DataLoader, RandomSampler


def make_loaders(parts, batch_size, generator):
    loaders = {}
    for name, part in parts.items():
        if name == "train":
            if len(part) == 0:
                raise ValueError("the training part is empty")
            batches = BatchSampler(RandomSampler(part, generator=generator), batch_size, drop_last=True)
            if len(batches) == 0:
                raise ValueError("no batch is left of the training part")
            loaders[name] = DataLoader(part, batch_sampler=batches, generator=generator)
        else:
            loaders[name] = DataLoader(part, batch_size, generator=torch.Generator())
    return loaders
