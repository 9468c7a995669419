"""Calls the mean of nothing 0, which looks like a perfect model.

Rejected by: no mean of nothing
Saying: would look like a perfect model
"""

import torch


def mean_loss(model, loader, criterion):
    was_training = model.training
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for inputs, targets in loader:
            total += criterion(model(inputs), targets).item() * len(targets)
            count += len(targets)
    model.train(was_training)
    return total / max(count, 1)
