"""Asks for gradients as values, without `.grad`, and writes into `.data`."""

import torch


def sgd_epoch(model, loader, criterion, learning_rate):
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    losses = []
    for inputs, targets in loader:
        loss = criterion(model(inputs), targets)
        gradients = torch.autograd.grad(loss, learning, allow_unused=True)
        for parameter, gradient in zip(learning, gradients):
            if gradient is not None:
                parameter.data.add_(gradient, alpha=-learning_rate)
        losses.append(float(loss))
    return losses
