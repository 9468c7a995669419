"""The course of a training: loss, accuracy, gradient norm and learning rate (lessons 14 and 15)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from course_lib.plots.style import COLORS, in_course_style, label_axes, new_figure, read_field, to_array

_SERIES = (
    "batch_losses",
    "gradient_norms",
    "learning_rates",
    "batches_per_epoch",
    "train_losses",
    "validation_losses",
    "validation_accuracies",
)


@in_course_style
def plot_history(history: Any) -> Figure:
    """Draw what `train_model` has recorded, one panel for each kind of number (lesson 14).

    Args:
        history: the record, or a mapping with some of its fields: `batch_losses`, `gradient_norms` and
            `learning_rates` (one number per batch), `batches_per_epoch`, `train_losses`, `validation_losses`
            and `validation_accuracies` (one number per epoch).

    Returns:
        The figure.

    Raises:
        ValueError: there is nothing to draw, or the number of batches does not match `batches_per_epoch`.
    """
    series = _read(history)
    panels = _choose_panels(series)
    if not panels:
        raise ValueError(
            f"history holds none of {', '.join(_SERIES)}, so there is nothing to draw. Give what "
            "train_model returns, or a mapping such as {'train_losses': [0.9, 0.5]}."
        )
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure, grid = new_figure(rows, columns, width=4.6 * columns + 0.6, height=2.9 * rows)
    for axes, draw in zip(grid.flat, panels):
        draw(axes, series)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    return figure


def _read(history: Any) -> dict[str, NDArray[Any]]:
    values = {name: read_field(history, name) for name in _SERIES}
    return {name: to_array(() if value is None else value) for name, value in values.items()}


def _choose_panels(series: dict[str, NDArray[Any]]) -> list[Callable[[Axes, dict[str, NDArray[Any]]], None]]:
    choices = (
        (("batch_losses", "train_losses", "validation_losses"), _draw_losses),
        (("validation_accuracies",), _draw_accuracy),
        (("gradient_norms",), _draw_norms),
        (("learning_rates",), _draw_rates),
    )
    return [draw for names, draw in choices if any(len(series[name]) for name in names)]


def _draw_losses(axes: Axes, series: dict[str, NDArray[Any]]) -> None:
    losses = series["batch_losses"]
    if len(losses):
        axes.plot(
            _epochs_of(losses, series), losses, color=COLORS[0], alpha=0.4, linewidth=0.8, label="batch"
        )
    for name, color, marker in (("train", COLORS[0], "o"), ("validation", COLORS[1], "s")):
        values = series[f"{name}_losses"]
        if len(values):
            epochs = np.arange(1, len(values) + 1)
            axes.plot(epochs, values, color=color, marker=marker, markersize=4, label=name)
    axes.set_ylim(bottom=0)
    label_axes(axes, "Loss", "epoch", "loss")
    axes.legend(loc="upper right")


def _draw_accuracy(axes: Axes, series: dict[str, NDArray[Any]]) -> None:
    values = series["validation_accuracies"]
    axes.plot(np.arange(1, len(values) + 1), values, color=COLORS[1], marker="s", markersize=4)
    axes.annotate(
        f"{values[-1]:.1%}",
        (len(values), values[-1]),
        (6, 0),  # to the right of the last point, where no line is
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=9,
        color=COLORS[1],
    )
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0 if np.ptp(values) > 0.04 else 1))
    axes.margins(y=0.15)
    label_axes(axes, "Validation accuracy", "epoch", "accuracy")


def _draw_norms(axes: Axes, series: dict[str, NDArray[Any]]) -> None:
    norms = series["gradient_norms"]
    epochs = _epochs_of(norms, series)
    axes.plot(epochs, norms, color=COLORS[2], alpha=0.4, linewidth=0.8)
    axes.plot(epochs, _running_median(norms), color=COLORS[2], label="running median")
    axes.set_ylim(bottom=0)
    label_axes(axes, "Gradient norm", "epoch", "length of the gradient")
    axes.legend(loc="upper right")


def _draw_rates(axes: Axes, series: dict[str, NDArray[Any]]) -> None:
    rates = series["learning_rates"]
    axes.step(_epochs_of(rates, series), rates, color=COLORS[3], where="post")
    axes.set_ylim(0, float(rates.max()) * 1.1 or 1)
    label_axes(axes, "Learning rate", "epoch", "learning rate")


def _epochs_of(values: Sequence[float] | NDArray[Any], series: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Return where each batch ends on the axis of epochs: the last batch of epoch 3 ends at 3."""
    sizes = series["batches_per_epoch"]
    if not len(sizes):
        sizes = np.asarray([len(values)])
    if sizes.sum() != len(values):
        raise ValueError(
            f"There are {len(values)} numbers per batch, and batches_per_epoch adds up to {sizes.sum()}. "
            "Both count all batches. Give the whole record of one training."
        )
    return np.concatenate([epoch + np.arange(1, size + 1) / size for epoch, size in enumerate(sizes)])


def _running_median(values: NDArray[Any]) -> NDArray[Any]:
    reach = max(1, len(values) // 40)
    return np.asarray([np.median(values[max(0, i - reach) : i + reach + 1]) for i in range(len(values))])
