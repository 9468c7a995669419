"""Steps after every batch, whatever was asked.

Rejected by: a step per epoch
Saying: steps once after every epoch
"""

import torch


def fit(loader, step, validate, optimizer, scheduler, epochs, per_batch=False):
    rates = []
    plateau = isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau)
    for _ in range(epochs):
        for batch in loader:
            rates.append(optimizer.param_groups[0]["lr"])
            step(batch)
            if scheduler is not None and not plateau:
                scheduler.step()
        loss = validate()
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(loss)
    return rates
