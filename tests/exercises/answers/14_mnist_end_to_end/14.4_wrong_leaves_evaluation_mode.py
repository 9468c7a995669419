"""Forgets to give the mode back: the next epoch trains without dropout.

Rejected by: the mode is given back
Saying: training=True
"""

import torch


def accuracy(model, loader):
    model.eval()
    correct = count = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += int((model(images).argmax(dim=1) == labels).sum())
            count += len(labels)
    if count == 0:
        raise ValueError("no samples")
    return correct / count
