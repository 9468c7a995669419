"""Steps at the beginning of an epoch, so that the first rate is never used.

Rejected by: a step per epoch
Saying: the first epoch has the first rate
"""

import torch


def fit(loader, step, validate, optimizer, scheduler, epochs, per_batch=False):
    rates = []
    loss = float("inf")
    for _ in range(epochs):
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(loss)
        elif scheduler is not None and not per_batch:
            scheduler.step()
        for batch in loader:
            rates.append(optimizer.param_groups[0]["lr"])
            step(batch)
            if scheduler is not None and per_batch:
                scheduler.step()
        loss = validate()
    return rates
