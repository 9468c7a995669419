"""Computes s²/B for both cases instead of measuring.

Rejected by: the variance follows the law
Saying: (n−B)/(n−1)
"""

import torch


def batch_gradient(model, inputs, targets, criterion, indices):
    loss = criterion(model(inputs[indices]), targets[indices])
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([gradient.flatten() for gradient in gradients])


def gradient_noise(model, inputs, targets, criterion, batch_size, draws, replacement, generator):
    n = len(inputs)
    full = batch_gradient(model, inputs, targets, criterion, torch.arange(n))
    singles = [batch_gradient(model, inputs, targets, criterion, torch.tensor([i])) for i in range(n)]
    single = sum((gradient - full).square().sum().item() for gradient in singles) / n
    return full, single / batch_size
