"""The training loop: forward, backward, clip, step, and the schedule of the learning rate (lesson 15)."""

from collections.abc import Iterable
from operator import length_hint
from typing import Any, Literal

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from tqdm.auto import tqdm

from course_lib.training.batches import Criterion, device_of, mean_loss, split_batch
from course_lib.training.checks import check_training
from course_lib.training.evaluation import evaluate, require_samples
from course_lib.training.records import Evaluation, History

__all__ = ["Evaluation", "History", "evaluate", "train_model"]


def train_model(
    model: nn.Module,
    train_loader: Iterable[Any],
    criterion: Criterion,
    optimizer: Optimizer,
    epochs: int,
    *,
    validation_loader: Iterable[Any] | None = None,
    scheduler: LRScheduler | None = None,
    schedule_per: Literal["epoch", "batch"] = "epoch",
    clip_norm: float | None = None,
    device: torch.device | str | None = None,
    progress: bool = True,
) -> History:
    """Train a model in mini-batches (lesson 15).

    Args:
        model: maps inputs to outputs; trained in place.
        train_loader: yields pairs of inputs and targets, tensors of shape (B, …); one pass per epoch.
        criterion: loss of outputs and targets, the mean over the batch; a tensor of shape ().
        optimizer: made from the model's parameters.
        epochs: number of passes over `train_loader`, at least 1.
        validation_loader: evaluated after every epoch.
        scheduler: changes the learning rate. `ReduceLROnPlateau` gets the validation loss after every epoch
            (the training loss without validation data; the validation accuracy if its mode is `"max"`).
        schedule_per: step the scheduler after every epoch or after every batch, as `OneCycleLR` wants it.
        clip_norm: shorten gradients to this length, between backward and step; None leaves them.
        device: where to train; None means where the model is.
        progress: show a bar that goes away at the end.

    Returns:
        Loss, gradient norm and learning rate of every batch; losses and accuracy of every epoch.

    Raises:
        ValueError: a number is out of range, the scheduler does not fit `schedule_per`, or there is no data.
        TypeError: an argument of the wrong kind, or batches that are no pairs.
    """
    check_training(epochs, scheduler, schedule_per, clip_norm, validation_loader)
    trainer = _Trainer(model, criterion, optimizer, scheduler, schedule_per == "batch", clip_norm, device)
    total = epochs * length_hint(train_loader) or None  # a stream may not know its length
    with tqdm(total=total, desc="Training", unit="batch", leave=False, disable=not progress) as bar:
        for _ in range(epochs):
            trainer.run_epoch(train_loader, bar)
            trainer.end_epoch(validation_loader)
    return trainer.history()


class _Trainer:
    """The state of a training: what the loop changes, and what it has recorded so far."""

    def __init__(
        self,
        model: nn.Module,
        criterion: Criterion,
        optimizer: Optimizer,
        scheduler: LRScheduler | None,
        schedule_each_batch: bool,
        clip_norm: float | None,
        device: torch.device | str | None,
    ) -> None:
        self.model = model
        self.criterion = criterion
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.schedule_each_batch = schedule_each_batch
        self.clip_norm = clip_norm
        self.device = torch.device(device) if device is not None else device_of(model)
        self.batch_losses: list[float] = []
        self.gradient_norms: list[float] = []
        self.learning_rates: list[float] = []
        self.batches_per_epoch: list[int] = []
        self.train_losses: list[float] = []
        self.evaluations: list[Evaluation] = []
        model.to(self.device)

    def run_epoch(self, loader: Iterable[Any], bar: Any) -> None:
        self.model.train()
        loss_sum, count, batches = 0.0, 0, 0
        for batch in loader:
            inputs, targets = split_batch(batch, self.device)
            loss = self.step(inputs, targets)
            loss_sum += loss * len(targets)
            count += len(targets)
            batches += 1
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update()
        require_samples(count)
        self.train_losses.append(loss_sum / count)
        self.batches_per_epoch.append(batches)

    def step(self, inputs: Any, targets: Any) -> float:
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(inputs), targets)
        value = mean_loss(self.criterion, loss, len(targets))
        loss.backward()  # type: ignore[no-untyped-call]
        self.gradient_norms.append(self.clip())
        self.learning_rates.append(float(self.optimizer.param_groups[0]["lr"]))
        self.optimizer.step()
        if self.scheduler is not None and self.schedule_each_batch:
            self.scheduler.step()
        self.batch_losses.append(value)
        return value

    def clip(self) -> float:
        """Measure the gradient's length, and shorten it if it is longer than `clip_norm`."""
        parameters = list(self.model.parameters())
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if self.clip_norm is not None:
            nn.utils.clip_grads_with_norm_(parameters, self.clip_norm, norm)
        return float(norm)

    def end_epoch(self, validation_loader: Iterable[Any] | None) -> None:
        if validation_loader is not None:
            self.evaluations.append(evaluate(self.model, validation_loader, self.criterion, self.device))
        if self.scheduler is None or self.schedule_each_batch:
            return
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(self.metric(self.scheduler.mode))
        else:
            self.scheduler.step()

    def metric(self, mode: str) -> float:
        """Return what a plateau scheduler watches: an accuracy that is to rise, or a loss that is to fall."""
        if not self.evaluations:
            return self.train_losses[-1]
        value = self.evaluations[-1].accuracy if mode == "max" else self.evaluations[-1].loss
        if value is None:
            raise ValueError(
                "ReduceLROnPlateau has mode='max', which follows the accuracy, but the outputs are not "
                "scores of classes. Use mode='min', which follows the loss."
            )
        return value

    def history(self) -> History:
        accuracies = (evaluation.accuracy for evaluation in self.evaluations)
        losses = (evaluation.loss for evaluation in self.evaluations)
        return History(
            batch_losses=tuple(self.batch_losses),
            gradient_norms=tuple(self.gradient_norms),
            learning_rates=tuple(self.learning_rates),
            batches_per_epoch=tuple(self.batches_per_epoch),
            train_losses=tuple(self.train_losses),
            validation_losses=tuple(loss for loss in losses if loss is not None),
            validation_accuracies=tuple(accuracy for accuracy in accuracies if accuracy is not None),
        )
