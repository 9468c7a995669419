"""Computes the gradient of every sample once; a batch's is the mean of its samples'."""

import torch


def batch_gradient(model, inputs, targets, criterion, indices):
    loss = criterion(model(inputs[indices]), targets[indices])
    return torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, tuple(model.parameters()))])


def gradient_noise(model, inputs, targets, criterion, batch_size, draws, replacement, generator):
    n = len(inputs)
    single = torch.stack([batch_gradient(model, inputs, targets, criterion, [i]) for i in range(n)])
    if replacement:
        chosen = torch.randint(n, (draws, batch_size), generator=generator)
    else:
        chosen = torch.rand(draws, n, generator=generator).argsort(dim=1)[:, :batch_size]
    gradients = single[chosen].mean(dim=1)
    distances = gradients - single.mean(dim=0)
    return gradients.mean(dim=0), float(distances.pow(2).sum() / draws)
