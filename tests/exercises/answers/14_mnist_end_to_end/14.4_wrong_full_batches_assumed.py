"""Multiplies the number of batches by the size of the first.

Rejected by: a short last batch counts by its size
Saying: Count right predictions and samples
"""

import torch


def accuracy(model, loader):
    was_training = model.training
    model.eval()
    correct = batches = size = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += int((model(images).argmax(dim=1) == labels).sum())
            batches += 1
            size = max(size, len(labels))
    model.train(was_training)
    if batches == 0:
        raise ValueError("no samples")
    return correct / (batches * size)
