"""Decides once what happens after a batch and after an epoch."""

import torch


def fit(loader, step, validate, optimizer, scheduler, epochs, per_batch=False):
    after_batch = after_epoch = lambda loss: None
    if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
        after_epoch = scheduler.step
    elif scheduler is not None and per_batch:
        after_batch = lambda loss: scheduler.step()  # noqa: E731
    elif scheduler is not None:
        after_epoch = lambda loss: scheduler.step()  # noqa: E731
    rates = []
    for _ in range(epochs):
        for batch in loader:
            rates.append(optimizer.param_groups[0]["lr"])
            after_batch(step(batch))
        after_epoch(validate())
    return rates
