"""Gives the plateau scheduler the loss of the last batch.

Rejected by: a plateau is told the validation loss
Saying: What `step(batch)` returned is the training loss
"""

import torch


def fit(loader, step, validate, optimizer, scheduler, epochs, per_batch=False):
    rates = []
    for _ in range(epochs):
        for batch in loader:
            rates.append(optimizer.param_groups[0]["lr"])
            batch_loss = step(batch)
            if scheduler is not None and per_batch:
                scheduler.step()
        validate()
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(batch_loss)
        elif scheduler is not None and not per_batch:
            scheduler.step()
    return rates
