"""Takes the size of the first batch for that of all.

Rejected by: a short last batch counts less
Saying: divide once
"""

import torch


def mean_loss(model, loader, criterion):
    was_training = model.training
    model.eval()
    total, batches, size = 0.0, 0, None
    with torch.no_grad():
        for inputs, targets in loader:
            size = size or len(targets)
            total += criterion(model(inputs), targets).item() * len(targets)
            batches += 1
    model.train(was_training)
    if not batches:
        raise ValueError("the loader is empty")
    return total / (batches * size)
