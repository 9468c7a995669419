"""How much of the padded batches is padding, for several ways to make batches (lesson 09)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.style import COLORS, INK, in_course_style, label_axes, new_figure


@in_course_style
def plot_padding_waste(waste: Mapping[str, float | Sequence[float]]) -> Figure:
    """Draw the padding waste of each way to make batches as a bar; several epochs also as points.

        plot_padding_waste({"buckets": [padding_waste(lengths, sampler) for _ in range(5)]})

    Args:
        waste: from the name of a way to its share of padding, from 0 to 1, or to those of several epochs,
            whose mean is drawn.

    Returns:
        The figure.

    Raises:
        ValueError: there is nothing to draw, or a share is not between 0 and 1.
    """
    epochs = {name: np.atleast_1d(np.asarray(shares, dtype=float)) for name, shares in waste.items()}
    if not epochs:
        raise ValueError("waste is empty, so there is nothing to draw. Give {'random': 0.6}, say.")
    for name, shares in epochs.items():
        if not (len(shares) and (shares >= 0).all() and (shares <= 1).all()):
            raise ValueError(
                f"waste[{name!r}] is {waste[name]!r}. It is a share of places, from 0 to 1, or one for each "
                "epoch. `padding_waste` measures it."
            )
    figure, grid = new_figure(height=1.0 + 0.42 * len(epochs))
    axes = grid[0, 0]
    for row, shares in enumerate(epochs.values()):
        axes.barh(row, 100 * shares.mean(), 0.6, color=COLORS[0])
        if len(shares) > 1:
            axes.plot(100 * shares, [row] * len(shares), "o", ms=3, color=INK, alpha=0.6)
        axes.text(100 * shares.max() + 1.5, row, f"{100 * shares.mean():.0f} %", va="center", color=INK)
    axes.set_yticks(range(len(epochs)), list(epochs))
    axes.set_ylim(len(epochs) - 0.5, -0.5)
    axes.set_xlim(0, 108)
    axes.grid(False, axis="y")
    label_axes(axes, "Padding waste", "per cent of the places that is padding", "")
    return figure
