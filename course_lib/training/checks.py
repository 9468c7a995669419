"""The rules for a training's arguments (lesson 15)."""

from typing import Any

from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau


def check_training(
    epochs: int,
    scheduler: LRScheduler | None,
    schedule_per: str,
    clip_norm: float | None,
    validation_loader: Any,
) -> None:
    """Check the arguments of `train_model`; it says what is raised."""
    if not isinstance(epochs, int):
        raise TypeError(f"epochs is {epochs!r}. It must be an int: the number of passes over the data.")
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}. At least one pass over the data is needed. Give 1 or more.")
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(
            f"clip_norm is {clip_norm}. It is the greatest length that a gradient may have, so it must be "
            "positive. Give 1.0, for example, or None to leave gradients as they are."
        )
    if scheduler is not None and not isinstance(scheduler, LRScheduler):
        raise TypeError(
            f"scheduler is a {type(scheduler).__name__}. It must come from torch.optim.lr_scheduler. Make "
            "it from the optimizer: StepLR(optimizer, step_size=1), for example."
        )
    _check_schedule(scheduler, schedule_per, validation_loader)


def _check_schedule(scheduler: LRScheduler | None, schedule_per: str, validation_loader: Any) -> None:
    if schedule_per not in ("epoch", "batch"):
        raise ValueError(
            f"schedule_per is {schedule_per!r}. The scheduler steps once per 'epoch' or once per 'batch'. "
            "Give one of these two."
        )
    if not isinstance(scheduler, ReduceLROnPlateau):
        return
    if schedule_per == "batch":
        raise ValueError(
            "scheduler is a ReduceLROnPlateau and schedule_per is 'batch'. It watches a metric that "
            "exists once per epoch. Leave schedule_per out."
        )
    if scheduler.mode == "max" and validation_loader is None:
        raise ValueError(
            "scheduler is a ReduceLROnPlateau with mode='max', which follows the validation accuracy, and "
            "there is no validation_loader. Give one, or use mode='min'."
        )
