"""Draws with replacement in both cases.

Rejected by: without replacement all are different
Saying: belong to no such pair
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
        indices = torch.randint(n, (batch_size,), generator=generator)
        gradient = batch_gradient(model, inputs, targets, criterion, indices)
        total += gradient
        distance += (gradient - full).square().sum().item()
    return total / draws, distance / draws
