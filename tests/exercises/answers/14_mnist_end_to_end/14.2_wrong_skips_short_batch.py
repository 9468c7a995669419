"""Leaves the short last batch out.

Rejected by: a short last batch weighs less
Saying: No batch may be left out
"""

import math

from course_lib import DataLoader, Subset


def training_statistics(dataset, train_indices, batch_size=64):
    count = total = squares = 0
    for images, _ in DataLoader(Subset(dataset, train_indices), batch_size=batch_size, drop_last=True):
        values = images.long()
        count += values.numel()
        total += int(values.sum())
        squares += int((values * values).sum())
    mean = total / count
    return mean / 255, math.sqrt(max(squares / count - mean * mean, 0)) / 255
