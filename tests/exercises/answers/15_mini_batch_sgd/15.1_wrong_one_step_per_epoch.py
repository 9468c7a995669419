"""Takes a single step per epoch: batch gradient descent, not mini-batches.

Rejected by: every batch its own gradient
Saying: inside the loop over the batches
"""

import torch


def sgd_epoch(model, loader, criterion, learning_rate):
    losses = []
    model.zero_grad()
    for inputs, targets in loader:
        loss = criterion(model(inputs), targets)
        loss.backward()
        losses.append(loss.item())
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter -= learning_rate * parameter.grad
    return losses
