"""Averages the accuracies of the batches.

Rejected by: a short last batch counts by its size
Saying: Every sample counts the same
"""

import torch


def accuracy(model, loader):
    was_training = model.training
    model.eval()
    shares = []
    with torch.no_grad():
        for images, labels in loader:
            shares.append((model(images).argmax(dim=1) == labels).float().mean())
    model.train(was_training)
    if not shares:
        raise ValueError("no samples")
    return torch.stack(shares).mean().item()
