"""What a curriculum unlocks, and when (lesson 19)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from course_lib.plots.style import COLORS, INK, in_course_style, label_axes, new_figure, read_field, to_array

_FIELDS = ("epoch", "difficulty", "samples", "total")


@in_course_style
def plot_curriculum(history: Sequence[Any], scores: Any = None) -> Figure:
    """Draw how much of a dataset each epoch visits, and where in its scores the limits lie (lesson 19).

    Args:
        history: records (or mappings) with the fields `epoch`, `difficulty`, `samples` and `total`, and
            `hardest` if there are scores, as a `CurriculumDataLoader` keeps them.
        scores: the difficulty of every sample, shape (n,); adds a panel with their histogram.

    Returns:
        The figure: one panel, two with scores.

    Raises:
        ValueError: there is no record, or one lacks a field.
    """
    _check(history, scores is not None)
    figure, grid = new_figure(1, 1 if scores is None else 2, width=5.2 if scores is None else 9.2, height=3.3)
    _draw_epochs(grid[0, 0], history)
    if scores is not None:
        _draw_scores(grid[0, 1], to_array(scores), history)
    return figure


def _check(history: Sequence[Any], with_scores: bool) -> None:
    if not history:
        raise ValueError(
            "history is empty, so there is nothing to draw. A loader notes an epoch when it begins. Iterate "
            "over the loader first."
        )
    fields = (*_FIELDS, "hardest") if with_scores else _FIELDS
    for name in fields:
        if read_field(history[0], name) is None:
            raise ValueError(
                f"The records of history have no {name}. The figure needs {', '.join(fields)}. Give the "
                "history of a CurriculumDataLoader."
            )


def _draw_epochs(axes: Axes, history: Sequence[Any]) -> None:
    epochs, levels, samples, totals = (
        np.asarray([read_field(one, name) for one in history]) for name in _FIELDS
    )
    axes.bar(epochs, samples / totals, width=0.8, color=COLORS[0], alpha=0.5, label="samples unlocked")
    axes.plot(epochs, levels, color=COLORS[1], marker="o", markersize=4, label="level unlocked")
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(axes, "What an epoch visits", "epoch", "of all samples, of all levels")
    axes.legend(loc="lower right")


def _draw_scores(axes: Axes, scores: NDArray[Any], history: Sequence[Any]) -> None:
    finite = scores[np.isfinite(scores)]
    axes.hist(finite, bins=min(40, max(5, len(finite) // 10)), color=COLORS[2], alpha=0.6)
    shown = np.linspace(0, len(history) - 1, min(5, len(history))).astype(int)
    for place in sorted(set(shown.tolist())):
        hardest, epoch = read_field(history[place], "hardest"), read_field(history[place], "epoch")
        if np.isfinite(hardest):
            axes.axvline(hardest, color=INK, linewidth=1.0, linestyle="--")
            axes.annotate(
                f"epoch {epoch} ",
                (hardest, 0.98),
                xycoords=("data", "axes fraction"),
                rotation=90,
                ha="right",
                va="top",
                fontsize=8,
            )
    label_axes(axes, "Scores, and the limit of some epochs", "difficulty of a sample", "samples")
