"""How noisy the gradient of a mini-batch is, measured and predicted (lesson 15).

The gradient of a batch of B samples is the mean of B samples' gradients. On average it is the gradient of
the whole dataset: it is unbiased. Its variance (the trace of its covariance) follows from that of a single
sample, here called s², by sampling theory (Cochran, "Sampling Techniques", section 2.5):

    drawn with replacement         s² / B
    drawn without replacement      s² / B · (n − B) / (n − 1)

The second is 0 at B = n: there is only one batch that holds everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from course_lib.collate import default_collate
from course_lib.training.batches import Criterion, device_of, split_batch
from course_lib.training.modes import evaluation_mode

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class GradientVariance:
    """The noise of mini-batch gradients, by batch size (lesson 15). All tuples go along `batch_sizes`.

    Attributes:
        batch_sizes: numbers of samples per batch.
        variance: mean squared distance of a batch's gradient from the full gradient, over all draws.
        spread: standard error of `variance`.
        prediction: what sampling theory says `variance` is.
        mean_error: distance of the mean of all drawn gradients from the full gradient. Unbiased means that it
            is about sqrt(prediction / draws), and shrinks as there are more draws.
        draws: number of batches drawn for each size.
        samples: number of samples in the dataset.
        replacement: whether samples were drawn with replacement.
    """

    batch_sizes: tuple[int, ...]
    variance: tuple[float, ...]
    spread: tuple[float, ...]
    prediction: tuple[float, ...]
    mean_error: tuple[float, ...]
    draws: int
    samples: int
    replacement: bool

    def plot(self) -> "Figure":
        """Draw measurement and prediction; see `course_lib.plot_gradient_variance`."""
        from course_lib.plots.gradients import plot_gradient_variance

        return plot_gradient_variance(self)


def gradient_variance(
    model: nn.Module,
    dataset: Any,
    batch_sizes: Sequence[int],
    criterion: Criterion = cross_entropy,
    *,
    draws: int = 200,
    replacement: bool = False,
    generator: torch.Generator | None = None,
) -> GradientVariance:
    """Measure mean and variance of the mini-batch gradient (lesson 15).

    The model is in evaluation mode meanwhile, so that a sample's gradient depends on that sample only.
    Weights and `.grad` stay as they are. The time grows with `len(dataset)` plus the samples drawn: give a
    `Subset` of some hundred samples of a large dataset.

    Args:
        model: maps inputs of shape (B, …) to outputs of shape (B, …).
        dataset: pairs of input and target; all are held in memory.
        batch_sizes: the sizes to measure.
        criterion: loss of outputs and targets, the mean over the batch.
        draws: number of batches per size, at least 2.
        replacement: draw independently, so that a batch may hold a sample twice.
        generator: chooses the batches; None takes torch's global one.

    Returns:
        Measurement and prediction by batch size.

    Raises:
        ValueError: no sizes, a size below 1, a size above `len(dataset)` without replacement, too few draws,
            or an empty dataset.
        TypeError: a size or `draws` is no int, or a sample is no pair.
    """
    count = len(dataset)
    _check(count, batch_sizes, draws, replacement)
    gradients = _GradientSource(model, dataset, criterion)
    with evaluation_mode(model):
        full = gradients.of(torch.arange(count))
        single = sum(_squared_distance(gradients.of(torch.tensor([i])), full) for i in range(count)) / count
        rows = [_measure(gradients, full, size, draws, replacement, generator) for size in batch_sizes]
    variance, spread, mean_error = zip(*rows)
    prediction = tuple(single * _noise_share(size, count, replacement) for size in batch_sizes)
    return GradientVariance(
        tuple(batch_sizes), variance, spread, prediction, mean_error, draws, count, replacement
    )


class _GradientSource:
    """Computes the gradient of any selection of samples, as one vector."""

    def __init__(self, model: nn.Module, dataset: Any, criterion: Criterion) -> None:
        batch = default_collate([dataset[index] for index in range(len(dataset))])
        self._inputs, self._targets = split_batch(batch, device_of(model))
        self._model = model
        self._criterion = criterion
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def of(self, indices: Tensor) -> Tensor:
        """Return the gradient of the loss of these samples: float64 tensor of shape (parameters,)."""
        indices = indices.to(self._targets.device)
        loss = self._criterion(self._model(self._inputs[indices]), self._targets[indices])
        gradients = torch.autograd.grad(loss, self._parameters, materialize_grads=True)
        return torch.cat([gradient.flatten() for gradient in gradients]).double()


def _measure(
    gradients: _GradientSource,
    full: Tensor,
    size: int,
    draws: int,
    replacement: bool,
    generator: torch.Generator | None,
) -> tuple[float, float, float]:
    """Return variance, its standard error, and the error of the mean gradient for one batch size."""
    total = torch.zeros_like(full)
    distances = []
    for _ in range(draws):
        gradient = gradients.of(_draw(len(gradients._targets), size, replacement, generator))
        total += gradient
        distances.append(_squared_distance(gradient, full))
    # Distances are from the true mean, not from a mean of the draws: so the plain average is unbiased.
    squared = torch.tensor(distances, dtype=torch.float64)
    return (
        float(squared.mean()),
        float(squared.std() / draws**0.5),
        float(torch.linalg.vector_norm(total / draws - full)),
    )


def _draw(count: int, size: int, replacement: bool, generator: torch.Generator | None) -> Tensor:
    if replacement:
        return torch.randint(count, (size,), generator=generator)
    return torch.randperm(count, generator=generator)[:size]


def _squared_distance(first: Tensor, second: Tensor) -> float:
    return float((first - second).square().sum())


def _noise_share(size: int, count: int, replacement: bool) -> float:
    """Return the variance of a batch of `size` as a share of the variance of one sample."""
    if replacement or count == 1:
        return 1 / size
    return (count - size) / (count - 1) / size


def _check(count: int, batch_sizes: Sequence[int], draws: int, replacement: bool) -> None:
    sizes = list(batch_sizes)
    if count < 1:
        raise ValueError(
            "dataset has 0 samples. A gradient needs at least one. Give a dataset that has some."
        )
    if not sizes:
        raise ValueError("batch_sizes is empty. There must be a size to measure. Give [1, 8, 64], say.")
    if not all(isinstance(number, int) for number in (*sizes, draws)):
        raise TypeError(
            f"batch_sizes is {sizes!r} and draws is {draws!r}. They count samples and batches. Give ints."
        )
    if draws < 2:
        raise ValueError(f"draws is {draws}. A spread needs two batches or more. Give 200, for example.")
    if min(sizes) < 1:
        raise ValueError(f"batch_sizes is {sizes}. A batch holds one sample at least. Give positive sizes.")
    if not replacement and max(sizes) > count:
        raise ValueError(
            f"batch_sizes goes up to {max(sizes)} and the dataset has {count} samples. Without replacement a "
            "batch cannot hold more than there are. Leave that size out, or set replacement=True."
        )
