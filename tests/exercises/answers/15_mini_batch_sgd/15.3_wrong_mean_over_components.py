"""Takes the mean over the components, so that a larger network looks less noisy.

Rejected by: the variance follows the law
Saying: add up the components
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
            indices = torch.randint(n, (batch_size,), generator=generator)
        else:
            indices = torch.randperm(n, generator=generator)[:batch_size]
        gradient = batch_gradient(model, inputs, targets, criterion, indices)
        total += gradient
        distance += (gradient - full).square().mean().item()
    return total / draws, distance / draws
