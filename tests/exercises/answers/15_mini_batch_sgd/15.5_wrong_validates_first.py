"""Validates at the beginning of an epoch, so it judges the weights of the epoch before.

Rejected by: train, then validate
Saying: stands after the loop over the batches
"""

import torch


def fit(loader, step, validate, optimizer, scheduler, epochs, per_batch=False):
    rates = []
    for _ in range(epochs):
        loss = validate()
        for batch in loader:
            rates.append(optimizer.param_groups[0]["lr"])
            step(batch)
            if scheduler is not None and per_batch:
                scheduler.step()
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(loss)
        elif scheduler is not None and not per_batch:
            scheduler.step()
    return rates
