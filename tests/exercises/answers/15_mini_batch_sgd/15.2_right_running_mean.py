"""Moves a running mean by each batch's share."""

import torch


@torch.no_grad()
def mean_loss(model, loader, criterion):
    was_training = model.training
    model.eval()
    mean, count = 0.0, 0
    for inputs, targets in loader:
        count += len(targets)
        mean += (criterion(model(inputs), targets).item() - mean) * len(targets) / count
    model.train(was_training)
    if not count:
        raise ValueError("the loader yielded nothing")
    return mean
