"""Merges each batch's mean and squared distances into those so far, and slices the indices by hand."""

import torch


def training_statistics(dataset, train_indices, batch_size=64):
    count, mean, distances = 0, 0.0, 0.0
    for start in range(0, len(train_indices), batch_size):
        images = [dataset[i][0] for i in train_indices[start : start + batch_size]]
        values = torch.stack(images).double() / 255
        size, batch_mean = values.numel(), values.mean().item()
        delta = batch_mean - mean
        distances += ((values - batch_mean) ** 2).sum().item() + delta**2 * count * size / (count + size)
        count += size
        mean += delta * size / count
    return mean, (distances / count) ** 0.5
