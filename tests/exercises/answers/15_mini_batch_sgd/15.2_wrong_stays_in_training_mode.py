"""Measures with dropout at work.

Rejected by: evaluation mode, and back
Saying: dropout would change its outputs
"""

import torch


def mean_loss(model, loader, criterion):
    total, count = 0.0, 0
    with torch.no_grad():
        for inputs, targets in loader:
            total += criterion(model(inputs), targets).item() * len(targets)
            count += len(targets)
    if count == 0:
        raise ValueError("the loader is empty")
    return total / count
