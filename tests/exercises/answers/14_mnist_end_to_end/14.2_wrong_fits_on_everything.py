"""Takes the statistics of the whole dataset: the test part leaks into the training.

Rejected by: only training samples, each read once
Saying: leakage
"""

import torch


def training_statistics(dataset, train_indices, batch_size=64):
    values = torch.stack([dataset[i][0] for i in range(len(dataset))]).double() / 255
    return values.mean().item(), values.std(correction=0).item()
