"""Shuffles every part, so predictions no longer belong to the samples' positions.

Rejected by: evaluation sees every sample, in order
Saying: nothing is shuffled
"""

import torch

from course_lib import DataLoader


def make_loaders(parts, batch_size, generator):
    loaders = {}
    for name, part in parts.items():
        is_train = name == "train"
        if is_train and len(part) < batch_size:
            raise ValueError("the training part is smaller than a batch")
        own = generator if is_train else torch.Generator().manual_seed(1)
        loaders[name] = DataLoader(part, batch_size, shuffle=True, drop_last=is_train, generator=own)
    return loaders
