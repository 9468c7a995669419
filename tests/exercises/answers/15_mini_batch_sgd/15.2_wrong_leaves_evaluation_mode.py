"""Leaves the model in evaluation mode, so that the next epoch trains without dropout.

Rejected by: evaluation mode, and back
Saying: in the mode in which it came
"""

import torch


def mean_loss(model, loader, criterion):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for inputs, targets in loader:
            total += criterion(model(inputs), targets).item() * len(targets)
            count += len(targets)
    if count == 0:
        raise ValueError("the loader is empty")
    return total / count
