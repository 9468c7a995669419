"""The noise of mini-batch gradients against the batch size, measured and predicted (lesson 15)."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.plots.style import COLORS, INK, in_course_style, label_axes, new_figure, read_field, to_array

# Below this share of the largest value there is rounding only: it has no place on a logarithmic axis.
_NOTHING = 1e-12


@in_course_style
def plot_gradient_variance(result: Any) -> Figure:
    """Draw the variance of the mini-batch gradient against the batch size, on logarithmic axes (lesson 15).

    Args:
        result: what `gradient_variance` returns, or a mapping with its fields `batch_sizes`, `variance`,
            `spread` and `prediction`; with `samples` and `replacement`, too, the legend names the law.

    Returns:
        The figure.

    Raises:
        ValueError: a field is missing, or the fields differ in length.
    """
    sizes, variance, spread, prediction = _read(result)
    samples, replacement = read_field(result, "samples"), read_field(result, "replacement")
    figure, grid = new_figure(width=6.4, height=3.8)
    axes = grid[0, 0]
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    _draw_prediction(axes, sizes, prediction, samples, replacement)
    _draw_measurement(axes, sizes, variance, spread)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    label_axes(axes, "Gradient noise against batch size", "batch size B", "variance of the gradient")
    axes.legend(loc="lower left")
    return figure


def _read(result: Any) -> list[NDArray[Any]]:
    names = ("batch_sizes", "variance", "spread", "prediction")
    values = [read_field(result, name) for name in names]
    missing = [name for name, value in zip(names, values) if value is None]
    if missing:
        raise ValueError(
            f"result has no {missing[0]}. The figure needs {', '.join(names)}. Give what gradient_variance "
            "returns."
        )
    fields = [to_array(value) for value in values]
    lengths = [len(field) for field in fields]
    if len(set(lengths)) > 1 or lengths[0] == 0:
        raise ValueError(
            f"{', '.join(names)} have lengths {lengths}. Each needs one number per batch size. Make them "
            "equally long."
        )
    order = np.argsort(fields[0])
    return [field[order] for field in fields]


def _draw_prediction(
    axes: Axes,
    sizes: NDArray[Any],
    prediction: NDArray[Any],
    samples: int | None,
    replacement: bool | None,
) -> None:
    name = "predicted"
    if replacement is not None and samples is not None:
        law = "1/B" if replacement else "1/B · (n − B)/(n − 1)"
        name = f"predicted: {law}, n = {samples}"
    if replacement is False and samples is not None and sizes[0] < samples:
        single = prediction[0] * sizes[0] * (samples - 1) / (samples - sizes[0])
        axes.plot(sizes, single / sizes, color=INK, linestyle=":", linewidth=1.2, label="1/B alone")
    seen = prediction > _NOTHING * prediction.max()
    axes.plot(sizes[seen], prediction[seen], color=COLORS[1], label=name)


def _draw_measurement(axes: Axes, sizes: NDArray[Any], variance: NDArray[Any], spread: NDArray[Any]) -> None:
    seen = variance > _NOTHING * variance.max()
    axes.errorbar(
        sizes[seen],
        variance[seen],
        yerr=2 * spread[seen],
        fmt="o",
        markersize=5,
        color=COLORS[0],
        capsize=3,
        label="measured (± 2 standard errors)",
    )
    for size in sizes[~seen]:
        axes.axvline(size, color=INK, linewidth=0.8, linestyle="--")
        axes.annotate(
            f"0 at B = {size}",
            (size, 1.0),
            (-5, -6),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="top",
            fontsize=9,
        )
