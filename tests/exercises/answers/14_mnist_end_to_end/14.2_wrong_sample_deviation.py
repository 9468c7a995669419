"""Divides by n - 1, which is torch's default.

Rejected by: mean and deviation are exact
Saying: std(correction=0)
"""

import torch

from course_lib import DataLoader, Subset


def training_statistics(dataset, train_indices, batch_size=64):
    loader = DataLoader(Subset(dataset, train_indices), batch_size=batch_size)
    values = torch.cat([images for images, _ in loader]).double() / 255
    return values.mean().item(), values.std().item()
