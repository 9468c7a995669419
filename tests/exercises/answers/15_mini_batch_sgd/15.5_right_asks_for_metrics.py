"""Finds out from the signature of `step` whether the scheduler wants a metric."""

import inspect


def fit(loader, step, validate, optimizer, scheduler, epochs, per_batch=False):
    wants_metric = scheduler is not None and "metrics" in inspect.signature(scheduler.step).parameters
    rates = []
    for _ in range(epochs):
        for batch in loader:
            rates.append(float(optimizer.param_groups[0]["lr"]))
            step(batch)
            if scheduler and per_batch and not wants_metric:
                scheduler.step()
        arguments = [validate()]
        if scheduler and not per_batch:
            scheduler.step(*arguments[: int(wants_metric)])
    return rates
