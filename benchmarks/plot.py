"""Draw results: one bar for every opponent of every workload."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.measure import Result
from benchmarks.report import rows_of
from course_lib.plots.style import COLORS, INK, in_course_style, label_axes, new_figure

_ROW_INCHES = 0.24


def write_plot(path: Path, results: Sequence[Result]) -> None:
    """Write the picture of `plot_results` into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plot_results(results).savefig(path, dpi=140, bbox_inches="tight")


@in_course_style
def plot_results(results: Sequence[Result]) -> Figure:
    """Draw how many times as long as ours the others take, or how much more memory.

    Bars begin at 1, where both are equal. A whisker spans the quartiles, a tick is what was to be reached.

    Args:
        results: what was measured.
    """
    rows = sum(len(result.ratios) + 1 for result in results)
    figure, grid = new_figure(width=9.0, height=1.2 + _ROW_INCHES * max(rows, 1))
    axes = grid[0, 0]
    opponents = dict.fromkeys(opponent for result in results for opponent in result.ratios)
    colors = {opponent: COLORS[place % len(COLORS)] for place, opponent in enumerate(opponents)}
    place, labels = 0.0, list[tuple[float, str]]()
    for result in results:
        axes.text(
            0, place, result.name, transform=axes.get_yaxis_transform(), va="center", weight="bold", size=8
        )
        for opponent, ratio, floor in rows_of(result):
            place += 1
            labels.append((place, opponent))
            axes.barh(place, ratio.median - 1, left=1, height=0.7, color=colors[opponent])
            axes.hlines(place, ratio.low, ratio.high, color=INK, linewidth=1.2)
            axes.annotate(f" {ratio.median:.3g}×", (max(ratio.high, 1), place), va="center", size=8)
            if floor is not None:
                axes.vlines(floor, place - 0.45, place + 0.45, color=INK, linewidth=2)
        place += 1
    _finish(axes, labels, place)
    return figure


def _finish(axes: Axes, labels: list[tuple[float, str]], end: float) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_ylim(end - 0.4, -0.8)
    axes.set_yticks([place for place, _ in labels], [name for _, name in labels])
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.axvline(1, color=INK, linewidth=0.8)
    axes.margins(x=0.12)
    label_axes(
        axes, "What others take, as a multiple of ours", "times ours (tick: what was to be reached)", ""
    )
