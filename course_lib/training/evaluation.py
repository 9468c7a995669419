"""Measuring a model on data it does not learn from (lessons 14 and 15)."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from tqdm.auto import tqdm

from course_lib.training.batches import Criterion, count_correct, device_of, mean_loss, split_batch
from course_lib.training.modes import evaluation_mode
from course_lib.training.records import Evaluation


def evaluate(
    model: nn.Module,
    loader: Iterable[Any],
    criterion: Criterion | None = None,
    device: torch.device | str | None = None,
    progress: bool = False,
) -> Evaluation:
    """Measure a model without changing it (lesson 15).

    Args:
        model: put into evaluation mode for the time of the call.
        loader: yields pairs of inputs and targets, tensors of shape (B, …). It should neither drop samples
            nor repeat any.
        criterion: loss of outputs and targets, the mean over the batch; None measures accuracy only.
        device: where to compute; None means where the model is.
        progress: show a bar that goes away at the end.

    Returns:
        Mean loss per sample, accuracy and number of samples.

    Raises:
        ValueError: the loader yields nothing.
        TypeError: batches that are no pairs.
    """
    place = torch.device(device) if device is not None else device_of(model)
    model.to(place)
    loss_sum, correct, count = 0.0, 0, 0
    has_classes = True
    shown = tqdm(loader, "Evaluating", leave=False, disable=not progress)
    with evaluation_mode(model), torch.no_grad(), shown as batches:
        for batch in batches:
            inputs, targets = split_batch(batch, place)
            outputs = model(inputs)
            size = len(targets)
            count += size
            # Weighted by size: the mean of the batches' means would count a short last batch too much.
            if criterion is not None:
                loss_sum += mean_loss(criterion, criterion(outputs, targets), size) * size
            hits = count_correct(outputs, targets)
            has_classes = has_classes and hits is not None
            correct += hits or 0
    require_samples(count)
    return Evaluation(
        loss=None if criterion is None else loss_sum / count,
        accuracy=correct / count if has_classes else None,
        count=count,
    )


def require_samples(count: int) -> None:
    """Refuse a mean over nothing."""
    if count == 0:
        raise ValueError(
            "The loader yielded 0 samples, so there is no mean to take. It needs one sample at least. "
            "Look at len(loader.dataset), whether drop_last dropped the only batch, and whether the "
            "loader is a generator, which is empty after one pass."
        )
