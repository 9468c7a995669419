"""Averages the statistics of the batches, so a short last batch counts too much.

Rejected by: a short last batch weighs less
Saying: mean of the batches' means
"""

import torch

from course_lib import DataLoader, Subset


def training_statistics(dataset, train_indices, batch_size=64):
    means, squares = [], []
    for images, _ in DataLoader(Subset(dataset, train_indices), batch_size=batch_size):
        values = images.double() / 255
        means.append(values.mean())
        squares.append((values**2).mean())
    mean = torch.stack(means).mean()
    variance = torch.stack(squares).mean() - mean**2
    return float(mean), float(variance.clamp(min=0).sqrt())
