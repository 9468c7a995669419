"""Puts every model into training mode at the end, finished ones too.

Rejected by: the mode is given back
Saying: training=False
"""

import torch


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    correct = count = 0
    for images, labels in loader:
        correct += int((model(images).argmax(dim=1) == labels).sum())
        count += len(labels)
    model.train()
    if count == 0:
        raise ValueError("no samples")
    return correct / count
