"""Clears the gradients after the step instead of before the forward pass: both places are right."""

import torch


def sgd_epoch(model, loader, criterion, learning_rate):
    losses = []
    for inputs, targets in loader:
        loss = criterion(model(inputs), targets)
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter.copy_(parameter - learning_rate * parameter.grad)
                    parameter.grad = None
        losses.append(loss.detach().item())
    return losses
