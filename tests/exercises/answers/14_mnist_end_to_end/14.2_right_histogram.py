"""Counts how often each of the 256 values occurs; everything follows from the counts."""

import torch
from torch.utils.data import DataLoader as TorchLoader
from torch.utils.data import Subset as TorchSubset


def training_statistics(dataset, train_indices, batch_size=64):
    counts = torch.zeros(256, dtype=torch.int64)
    for images, _ in TorchLoader(TorchSubset(dataset, train_indices), batch_size=batch_size):
        counts += torch.bincount(images.flatten().long(), minlength=256)
    shades = torch.arange(256, dtype=torch.float64) / 255
    mean = (counts * shades).sum() / counts.sum()
    variance = (counts * (shades - mean) ** 2).sum() / counts.sum()
    return mean.item(), variance.sqrt().item()
