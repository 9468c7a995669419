"""Measures the loss of a batch again, after the weights have moved.

Rejected by: losses from before the step
Saying: computed before the weights move
"""

import torch


def sgd_epoch(model, loader, criterion, learning_rate):
    losses = []
    for inputs, targets in loader:
        model.zero_grad()
        criterion(model(inputs), targets).backward()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter -= learning_rate * parameter.grad
            losses.append(criterion(model(inputs), targets).item())
    return losses
