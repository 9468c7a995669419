"""Ignores the generator and draws from the global one.

Rejected by: all chance from the generator
Saying: nothing global is drawn from
"""

import torch


def batch_gradient(model, inputs, targets, criterion, indices):
    loss = criterion(model(inputs[indices]), targets[indices])
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([gradient.flatten() for gradient in gradients])


def gradient_noise(model, inputs, targets, criterion, batch_size, draws, replacement, generator):
    n = len(inputs)
    full = batch_gradient(model, inputs, targets, criterion, torch.arange(n))
    total, distance = torch.zeros_like(full), 0.0
    for _ in range(draws):
        if replacement:
            indices = torch.randint(n, (batch_size,), generator=None)
        else:
            indices = torch.randperm(n, generator=None)[:batch_size]
        gradient = batch_gradient(model, inputs, targets, criterion, indices)
        total += gradient
        distance += (gradient - full).square().sum().item()
    return total / draws, distance / draws
