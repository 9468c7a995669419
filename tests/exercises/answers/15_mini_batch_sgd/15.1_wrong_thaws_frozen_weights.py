"""Makes every parameter learn, also the frozen ones.

Rejected by: what has no gradient stays
Saying: freeze or thaw nothing
"""

import torch


def sgd_epoch(model, loader, criterion, learning_rate):
    losses = []
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    for inputs, targets in loader:
        model.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= learning_rate * parameter.grad
        losses.append(loss.item())
    return losses
