"""Memory over time, of a process and its workers (lesson 16)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.plots.style import COLORS, INK, in_course_style, label_axes, new_figure, read_field

_MEBIBYTE = 2**20


@in_course_style
def plot_memory(history: Sequence[Any], limit: float | None = None) -> Figure:
    """Draw memory against time: this process, its workers on top of it, and GPU memory as a line.

    Args:
        history: records (or mappings) with the fields `seconds`, `epoch` and `use`, as `MemoryMonitor` keeps
            them; `use` has `main` and `workers`, which have `rss` and `pss` in bytes, and `gpu`, in bytes
            or None. Without any GPU memory there is no line for it.
        limit: bytes of main memory, drawn as a line.

    Returns:
        The figure.

    Raises:
        ValueError: there is no sample.
    """
    if not history:
        raise ValueError(
            "history is empty, so there is nothing to draw. Measure first: use the monitor in a `with`, or "
            "call its measure()."
        )
    seconds = np.asarray([read_field(sample, "seconds") for sample in history])
    uses = [read_field(sample, "use") for sample in history]
    kind = "pss" if all(_is_known(use) for use in uses) else "rss"
    main = np.asarray([_size(read_field(use, "main"), kind) for use in uses])
    workers = np.asarray([sum(_size(w, kind) for w in read_field(use, "workers")) for use in uses])
    figure, grid = new_figure(width=7.0, height=3.2)
    axes = grid[0, 0]
    _draw_layers(axes, seconds, main, workers)
    gpu = [read_field(use, "gpu") for use in uses]
    if any(size is not None for size in gpu):
        held = np.asarray([(size or 0) / _MEBIBYTE for size in gpu])
        axes.plot(seconds, held, color=COLORS[2], marker="s", markersize=2.5, label="GPU memory")
    _draw_epochs(axes, seconds, [read_field(sample, "epoch") for sample in history])
    if limit is not None:
        axes.axhline(limit / _MEBIBYTE, color=COLORS[6], linestyle="--", linewidth=1.2, label="limit")
    axes.set_ylim(bottom=0)
    label_axes(axes, f"Memory in use ({kind.upper()})", "seconds", "MiB")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))  # outside: the layers leave no room
    return figure


def _is_known(use: Any) -> bool:
    processes = [read_field(use, "main"), *read_field(use, "workers")]
    return all(read_field(process, "pss") is not None for process in processes)


def _size(process: Any, kind: str) -> float:
    return float(read_field(process, kind)) / _MEBIBYTE


def _draw_layers(axes: Axes, seconds: NDArray[Any], main: NDArray[Any], workers: NDArray[Any]) -> None:
    axes.fill_between(seconds, main, color=COLORS[0], alpha=0.5, linewidth=0, label="this process")
    if workers.any():
        axes.fill_between(
            seconds, main, main + workers, color=COLORS[1], alpha=0.5, linewidth=0, label="its workers"
        )
    axes.plot(seconds, main + workers, color=INK, marker="o", markersize=2.5, linewidth=1.2)


def _draw_epochs(axes: Axes, seconds: NDArray[Any], epochs: list[int]) -> None:
    for number, (before, after) in enumerate(pairwise(epochs)):
        if before != after:
            middle = (seconds[number] + seconds[number + 1]) / 2
            axes.axvline(middle, color=INK, linewidth=0.8, linestyle=":")
            axes.annotate(
                f"end of epoch {before} ",
                (middle, 1),
                xycoords=("data", "axes fraction"),
                fontsize=8,
                ha="right",
                va="top",
            )
