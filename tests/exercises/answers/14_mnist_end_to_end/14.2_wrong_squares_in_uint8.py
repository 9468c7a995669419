"""Squares bytes as bytes: 16 times 16 is 0.

Rejected by: mean and deviation are exact
Saying: has no room for a square
"""

import math

from course_lib import DataLoader, Subset


def training_statistics(dataset, train_indices, batch_size=64):
    count = total = squares = 0
    for images, _ in DataLoader(Subset(dataset, train_indices), batch_size=batch_size):
        count += images.numel()
        total += int(images.sum())
        squares += int((images * images).sum())
    mean = total / count
    return mean / 255, math.sqrt(max(squares / count - mean * mean, 0)) / 255
