"""Sums float32 values: fine until the pixels hardly differ.

Rejected by: pixels that hardly differ
Saying: float32 has only seven digits
"""

import torch

from course_lib import DataLoader, Subset


def training_statistics(dataset, train_indices, batch_size=64):
    count, total, squares = 0, torch.zeros(()), torch.zeros(())
    for images, _ in DataLoader(Subset(dataset, train_indices), batch_size=batch_size):
        values = images / 255
        count += values.numel()
        total += values.sum()
        squares += (values**2).sum()
    mean = total / count
    return mean.item(), (squares / count - mean**2).clamp(min=0).sqrt().item()
