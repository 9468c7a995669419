"""Reads `.grad` after backward without clearing it.

Rejected by: the gradient of the chosen samples
Saying: asking twice gives the same
"""

import torch


def batch_gradient(model, inputs, targets, criterion, indices):
    criterion(model(inputs[indices]), targets[indices]).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def gradient_noise(model, inputs, targets, criterion, batch_size, draws, replacement, generator):
    n = len(inputs)
    full = batch_gradient(model, inputs, targets, criterion, torch.arange(n))
    total, distance = torch.zeros_like(full), 0.0
    for _ in range(draws):
        if replacement:
            indices = torch.randint(n, (batch_size,), generator=generator)
        else:
            indices = torch.randperm(n, generator=generator)[:batch_size]
        gradient = batch_gradient(model, inputs, targets, criterion, indices)
        total += gradient
        distance += (gradient - full).square().sum().item()
    return total / draws, distance / draws
