"""Ignores per_batch.

Rejected by: a step per batch
Saying: `per_batch` chooses one
"""

import torch


def fit(loader, step, validate, optimizer, scheduler, epochs, per_batch=False):
    rates = []
    for _ in range(epochs):
        for batch in loader:
            rates.append(optimizer.param_groups[0]["lr"])
            step(batch)
        loss = validate()
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(loss)
        elif scheduler is not None:
            scheduler.step()
    return rates
