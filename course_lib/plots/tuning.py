"""Time and memory against the number of workers (lesson 12)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots.style import COLORS, INK, in_course_style, label_axes, new_figure, read_field

_LINEAR_UP_TO = 16
_FIELDS = ("measurements", "best", "cores")


@in_course_style
def plot_tuning(result: Any, prediction: Mapping[int, float] | None = None) -> Figure:
    """Draw the time of a batch, with its spread, and the memory against the number of workers.

    Args:
        result: what `tune_num_workers` returns, or a mapping with its fields `measurements`, `best` and
            `cores`. Each measurement has `workers`, `seconds` (of a batch, one for each pass), `memory`
            (bytes or None) and `failure` (words, or "").
        prediction: expected seconds per batch, by number of workers.

    Returns:
        The figure: one panel, two if memory is known.

    Raises:
        ValueError: a field is missing, or no candidate came through.
    """
    measurements, best, cores = _read(result)
    done = [one for one in measurements if not read_field(one, "failure")]
    failed = [read_field(one, "workers") for one in measurements if read_field(one, "failure")]
    with_memory = any(read_field(one, "memory") is not None for one in done)
    figure, grid = new_figure(1, 1 + with_memory, width=9.2 if with_memory else 6.4, height=3.5)
    _draw_times(grid[0, 0], done, best)
    _draw_prediction(grid[0, 0], prediction or {})
    grid[0, 0].set_ylim(bottom=0)
    label_axes(grid[0, 0], "Time of a batch", "workers", "ms (median, quartiles, every pass)")
    if with_memory:
        _draw_memory(grid[0, 1], done)
        label_axes(grid[0, 1], "Memory it takes", "workers", "MiB")
    everyone = [read_field(one, "workers") for one in measurements] + list(prediction or {})
    for axes in grid[0]:
        _mark_failures(axes, failed)
        _set_scale(axes, everyone)
    _mark_cores(grid[0, 0], cores, max(everyone))
    grid[0, 0].legend(loc="best", fontsize=8)
    return figure


def _read(result: Any) -> tuple[Sequence[Any], int, int]:
    values = {name: read_field(result, name) for name in _FIELDS}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise ValueError(
            f"result has no {missing[0]}. The figure needs {', '.join(_FIELDS)}. Give what tune_num_workers "
            "returns."
        )
    if all(read_field(one, "failure") for one in values["measurements"]):
        raise ValueError(
            "measurements holds no candidate that came through, so there is no time to draw. Measure with "
            "candidates that work."
        )
    return values["measurements"], values["best"], values["cores"]


def _draw_times(axes: Axes, done: Sequence[Any], best: int) -> None:
    workers = np.asarray([read_field(one, "workers") for one in done])
    passes = [np.asarray(read_field(one, "seconds")) * 1e3 for one in done]
    low, middle, high = np.asarray([np.quantile(one, (0.25, 0.5, 0.75)) for one in passes]).T
    for number, one in zip(workers, passes):
        axes.plot([number] * len(one), one, ".", color=COLORS[0], alpha=0.35, markersize=5)
    spread = np.stack([middle - low, high - middle])
    axes.errorbar(
        workers, middle, spread, color=COLORS[0], marker="o", markersize=5, capsize=3, label="measured"
    )
    axes.plot(
        best,
        middle[workers == best],
        "o",
        markersize=13,
        fillstyle="none",
        color=COLORS[2],
        label=f"best: {best}",
    )


def _draw_prediction(axes: Axes, prediction: Mapping[int, float]) -> None:
    if prediction:
        numbers = sorted(prediction)
        expected = [prediction[number] * 1e3 for number in numbers]
        axes.plot(numbers, expected, "x:", color=COLORS[1], markersize=7, label="your prediction")


def _draw_memory(axes: Axes, done: Sequence[Any]) -> None:
    known = [one for one in done if read_field(one, "memory") is not None]
    numbers = [read_field(one, "workers") for one in known]
    sizes = [read_field(one, "memory") / 2**20 for one in known]
    axes.plot(numbers, sizes, color=COLORS[3], marker="s", markersize=5)
    axes.set_ylim(bottom=0)


def _mark_failures(axes: Axes, failed: Sequence[int]) -> None:
    for number in failed:
        axes.plot(number, 0.04, "x", color=COLORS[6], markersize=9, transform=axes.get_xaxis_transform())
        axes.annotate(
            "failed",
            (number, 0.08),
            xycoords=("data", "axes fraction"),
            rotation=90,
            ha="center",
            fontsize=8,
            color=COLORS[6],
        )


def _mark_cores(axes: Axes, cores: int, most: int) -> None:
    for number, name, line in ((cores / 2, "cores ÷ 2", "--"), (cores, "cores", ":")):
        if number <= most:
            axes.axvline(
                number, color=INK, linestyle=line, linewidth=1.0, label=f"{name} = {number:g}", zorder=0
            )


def _set_scale(axes: Axes, numbers: Sequence[int]) -> None:
    if max(numbers) > _LINEAR_UP_TO:
        axes.set_xscale("symlog", base=2, linthresh=2)
    ticks = sorted(set(numbers))
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(-0.4, max(numbers) * 1.05 + 0.3)
