"""What a training loop needs to know about a batch (lesson 15)."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

Criterion = Callable[[Any, Any], Tensor]


def split_batch(batch: Any, device: torch.device) -> tuple[Any, Any]:
    """Return inputs and targets of a batch, on `device`.

    Raises:
        TypeError: the batch is no pair.
    """
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        found = f"a {type(batch).__name__}" + (f" of {len(batch)}" if hasattr(batch, "__len__") else "")
        raise TypeError(
            f"The loader gave {found} as a batch. A batch for training is a pair of inputs and targets. "
            "Return such pairs from the dataset, or rearrange them in collate_fn."
        )
    inputs, targets = batch
    return move(inputs, device), move(targets, device)


def move(value: Any, device: torch.device) -> Any:
    """Move tensors, also those in dicts, lists and tuples, to `device`."""
    if hasattr(value, "to"):
        return value.to(device, non_blocking=True)
    if isinstance(value, Mapping):
        return {key: move(part, device) for key, part in value.items()}
    if isinstance(value, tuple | list):
        make = getattr(type(value), "_make", type(value))  # a named tuple takes its fields one by one
        return make(move(part, device) for part in value)
    return value


def mean_loss(criterion: Criterion, loss: Tensor, count: int) -> float:
    """Return the mean loss per sample of a batch of `count` samples.

    Raises:
        ValueError: `loss` is no single number.
    """
    if loss.ndim != 0:
        raise ValueError(
            f"The criterion gave a loss of shape {tuple(loss.shape)}. A step needs one number per batch. "
            "Use a criterion with reduction='mean', or take the mean yourself."
        )
    return loss.item() / (count if getattr(criterion, "reduction", "mean") == "sum" else 1)


def count_correct(outputs: Any, targets: Any) -> int | None:
    """Count the samples whose highest score is at their class.

    Args:
        outputs: scores, float tensor of shape (B, classes) or (B, classes, …).
        targets: classes, integer tensor of shape (B,) or (B, …).

    Returns:
        A number from 0 to B; None where the two are not scores and classes of one class per sample.
    """
    are_tensors = isinstance(outputs, Tensor) and isinstance(targets, Tensor)
    if not are_tensors or targets.is_floating_point() or targets.ndim != 1 or outputs.ndim != 2:
        return None
    return int((outputs.argmax(dim=1) == targets).sum())


def device_of(model: nn.Module) -> torch.device:
    """Return the device of the model's first parameter; the CPU if it has none."""
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device
