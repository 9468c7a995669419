"""Leaves out the last batch, as drop_last would.

Rejected by: the cut does not matter
Saying: number of samples that really came
"""

import torch


def mean_loss(model, loader, criterion):
    was_training = model.training
    model.eval()
    batches = list(loader)
    if not batches:
        raise ValueError("the loader is empty")
    full = [batch for batch in batches if len(batch[1]) == len(batches[0][1])] or batches
    if len(batches) > 1 and len(full) == len(batches):
        full = full[:-1]
    total, count = 0.0, 0
    with torch.no_grad():
        for inputs, targets in full:
            total += criterion(model(inputs), targets).item() * len(targets)
            count += len(targets)
    model.train(was_training)
    return total / count
