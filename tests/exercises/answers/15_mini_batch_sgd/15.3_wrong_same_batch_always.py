"""Draws one batch before the loop and uses it for every draw.

Rejected by: on average the full gradient
Saying: each batch is drawn at random
"""

import torch


def batch_gradient(model, inputs, targets, criterion, indices):
    loss = criterion(model(inputs[indices]), targets[indices])
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([gradient.flatten() for gradient in gradients])


def gradient_noise(model, inputs, targets, criterion, batch_size, draws, replacement, generator):
    n = len(inputs)
    full = batch_gradient(model, inputs, targets, criterion, torch.arange(n))
    if replacement:
        indices = torch.randint(n, (batch_size,), generator=generator)
    else:
        indices = torch.randperm(n, generator=generator)[:batch_size]
    gradient = batch_gradient(model, inputs, targets, criterion, indices)
    return gradient, (gradient - full).square().sum().item()
