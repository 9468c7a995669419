"""Reads everything twice: once for the mean, once for the deviation.

Rejected by: only training samples, each read once
Saying: a second look doubles the time
"""

import math

from course_lib import DataLoader, Subset


def training_statistics(dataset, train_indices, batch_size=64):
    loader = DataLoader(Subset(dataset, train_indices), batch_size=batch_size)
    count = sum(images.numel() for images, _ in loader)
    mean = sum(images.double().sum().item() for images, _ in loader) / count
    variance = sum(((images.double() - mean) ** 2).sum().item() for images, _ in loader) / count
    return mean / 255, math.sqrt(variance) / 255
