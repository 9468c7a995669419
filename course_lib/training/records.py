"""What training and evaluation leave behind (lessons 14 and 15)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Evaluation:
    """The result of one pass without learning (lesson 15).

    Attributes:
        loss: mean over all samples; None if no criterion was given.
        accuracy: share of samples whose highest score is at their class, from 0 to 1; None where outputs are
            not scores of classes.
        count: number of samples.
    """

    loss: float | None
    accuracy: float | None
    count: int


@dataclass(frozen=True)
class History:
    """The course of a training (lesson 15).

    Attributes:
        batch_losses: mean loss of every batch, before its step.
        gradient_norms: length of the gradient of every batch, before clipping.
        learning_rates: learning rate of every step (of the optimizer's first group).
        batches_per_epoch: number of batches in every epoch.
        train_losses: mean loss over the samples of every epoch, measured while the model was learning.
        validation_losses: mean loss over the validation data after every epoch; empty without such data.
        validation_accuracies: the same for the accuracy; empty where there is none.
    """

    batch_losses: tuple[float, ...]
    gradient_norms: tuple[float, ...]
    learning_rates: tuple[float, ...]
    batches_per_epoch: tuple[int, ...]
    train_losses: tuple[float, ...]
    validation_losses: tuple[float, ...] = ()
    validation_accuracies: tuple[float, ...] = ()

    def plot(self) -> "Figure":
        """Draw loss, accuracy, gradient norm and learning rate; see `course_lib.plot_history`."""
        from course_lib.plots.history import plot_history

        return plot_history(self)
