"""Puts every model into training mode afterwards, also one that came in evaluation mode.

Rejected by: evaluation mode, and back
Saying: training=True afterwards
"""

import torch


def mean_loss(model, loader, criterion):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for inputs, targets in loader:
            total += criterion(model(inputs), targets).item() * len(targets)
            count += len(targets)
    model.train()
    if count == 0:
        raise ValueError("the loader is empty")
    return total / count
