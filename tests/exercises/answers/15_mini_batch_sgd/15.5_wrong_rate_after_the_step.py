"""Writes down the rate that the next batch will have.

Rejected by: the rates that were used
Saying: was trained
"""

import torch


def fit(loader, step, validate, optimizer, scheduler, epochs, per_batch=False):
    rates = []
    for _ in range(epochs):
        for batch in loader:
            step(batch)
            if scheduler is not None and per_batch:
                scheduler.step()
            rates.append(optimizer.param_groups[0]["lr"])
        loss = validate()
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(loss)
        elif scheduler is not None and not per_batch:
            scheduler.step()
    return rates
