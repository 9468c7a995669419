"""Asks autograd for the gradients and scales them by hand."""

import torch


def train_step(model, images, labels, criterion, optimizer, clip_norm=None):
    model.train()
    parameters = list(model.parameters())
    loss = criterion(model(images), labels)
    gradients = torch.autograd.grad(loss, parameters)
    if clip_norm is not None:
        length = torch.sqrt(sum((gradient**2).sum() for gradient in gradients))
        factor = min(1.0, clip_norm / (length.item() + 1e-6))
        gradients = [gradient * factor for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient
    optimizer.step()
    return loss.item()
