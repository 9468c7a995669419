"""Steps every scheduler but the one that needs a number.

Rejected by: a plateau is told the validation loss
Saying: Give it what `validate()` returned
"""

import torch


def fit(loader, step, validate, optimizer, scheduler, epochs, per_batch=False):
    rates = []
    for _ in range(epochs):
        for batch in loader:
            rates.append(optimizer.param_groups[0]["lr"])
            step(batch)
            if scheduler is not None and per_batch:
                scheduler.step()
        validate()
        plateau = isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau)
        if scheduler is not None and not per_batch and not plateau:
            scheduler.step()
    return rates
