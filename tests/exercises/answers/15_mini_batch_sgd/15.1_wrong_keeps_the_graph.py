"""Keeps the losses as tensors, each with its whole graph.

Rejected by: losses from before the step
Saying: Losses are kept as floats
"""

import torch


def sgd_epoch(model, loader, criterion, learning_rate):
    losses = []
    for inputs, targets in loader:
        model.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter -= learning_rate * parameter.grad
        losses.append(loss)
    return losses
