"""Lets the gradients of all batches pile up.

Rejected by: every batch its own gradient
Saying: adds to what already stands
"""

import torch


def sgd_epoch(model, loader, criterion, learning_rate):
    losses = []
    for inputs, targets in loader:
        loss = criterion(model(inputs), targets)
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter -= learning_rate * parameter.grad
        losses.append(loss.item())
    return losses
