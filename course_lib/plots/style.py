"""One style for all figures, readable on white and on black and for colour-blind eyes (lesson 01 and on).

The background is transparent, text and lines have middle tones. A figure belongs to no window: it shows when
it is the value of a notebook cell, and `figure.savefig(path)` writes it where there is no screen.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

P = ParamSpec("P")

INK = "#7d7d7d"
GRID = "#7d7d7d40"
# After the palette of Okabe and Ito, moved to middle tones.
COLORS = ("#2b83c6", "#dd7330", "#1a9c7b", "#b86aae", "#b3912a", "#5fb0dc", "#c9545c", "#808a95")

_STYLE: Any = {
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 10,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=COLORS),
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "font.size": 10,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}


def in_course_style(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function draw in the style of the course. Figures drawn elsewhere keep theirs."""

    @wraps(draw)
    def drawn_in_style(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.rc_context(_STYLE):
            return draw(*args, **kwargs)

    return drawn_in_style


class CourseFigure(Figure):
    """A figure that a notebook shows as a picture."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=self.dpi, bbox_inches="tight")
        return buffer.getvalue()


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 7.0, height: float = 3.4
) -> tuple[Figure, NDArray[Any]]:
    """Make a figure with a grid of axes.

    Args:
        rows: rows of axes.
        columns: columns of axes.
        width: of the whole figure, in inches.
        height: of the whole figure, in inches.

    Returns:
        The figure, and its axes as an object array of shape (rows, columns).
    """
    figure = CourseFigure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def to_array(values: Any) -> NDArray[Any]:
    """Return an array of tensors, lists or arrays; tensors on a GPU and with gradients, too."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    if isinstance(values, Sequence) and values and hasattr(values[0], "detach"):
        values = [value.detach().cpu() for value in values]
    return np.asarray(values)


def read_field(record: Any, name: str) -> Any:
    """Return a field of a record or a mapping; None where it has none."""
    return record.get(name) if isinstance(record, Mapping) else getattr(record, name, None)


def label_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Write title and names of both axes."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
