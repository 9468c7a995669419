"""The size of each batch, and what it was chosen by (lesson 19)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator, ScalarFormatter
from numpy.typing import NDArray

from course_lib.plots.style import COLORS, INK, in_course_style, label_axes, new_figure, read_field

_FIELDS = ("epoch", "batch_size", "loading_seconds", "step_seconds")


@in_course_style
def plot_batch_sizes(history: Sequence[Any], memory_limit: float | None = None) -> Figure:
    """Draw the size of every batch, its speed, and its memory and loss where they are known (lesson 19).

    Args:
        history: records (or mappings) with the fields `epoch`, `batch_size`, `loading_seconds` and
            `step_seconds`, and perhaps `memory` (bytes) and `loss`, as an `AdaptiveBatchDataLoader` keeps
            them.
        memory_limit: bytes, drawn as a line.

    Returns:
        The figure: panels one below the other, batches counted through all epochs.

    Raises:
        ValueError: there is no record, or one lacks a field.
    """
    columns = _read(history)
    panels = [_draw_sizes, _draw_speed]
    panels += [_draw_memory] if np.isfinite(columns["memory"]).any() else []
    panels += [_draw_loss] if np.isfinite(columns["loss"]).any() else []
    figure, grid = new_figure(len(panels), 1, width=7.0, height=0.6 + 2.0 * len(panels))
    for axes, draw in zip(grid[:, 0], panels):
        draw(axes, columns)
        _mark_epochs(axes, columns["epoch"])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlim(0.5, len(history) + 0.5)
    if memory_limit is not None and _draw_memory in panels:
        axes, most = grid[2, 0], max(memory_limit, float(np.nanmax(columns["memory"]))) / 2**20
        axes.axhline(memory_limit / 2**20, color=COLORS[6], linestyle="--", linewidth=1.2, label="limit")
        axes.set_ylim(0, most * 1.1)
    grid[-1, 0].set_xlabel("batch")
    return figure


def _read(history: Sequence[Any]) -> dict[str, NDArray[Any]]:
    if not history:
        raise ValueError(
            "history is empty, so there is nothing to draw. A loader notes a batch when the next one is "
            "asked for. Iterate over the loader first."
        )
    for name in _FIELDS:
        if read_field(history[0], name) is None:
            raise ValueError(
                f"The records of history have no {name}. The figure needs {', '.join(_FIELDS)}. Give the "
                "history of an AdaptiveBatchDataLoader."
            )
    names = (*_FIELDS, "memory", "loss")
    # None becomes NaN, which is left out of a line.
    return {name: np.asarray([read_field(one, name) for one in history], dtype=float) for name in names}


def _numbers(columns: dict[str, NDArray[Any]]) -> NDArray[Any]:
    return np.arange(1, len(columns["epoch"]) + 1)


def _draw_sizes(axes: Axes, columns: dict[str, NDArray[Any]]) -> None:
    sizes = columns["batch_size"]
    axes.step(_numbers(columns), sizes, where="mid", color=COLORS[0], label="batch size")
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_locator(NullLocator())
    if sizes.max() < 2 * sizes.min():
        axes.set_ylim(sizes.min() / 2, sizes.max() * 2)
    label_axes(axes, "Batch size", "", "samples")


def _draw_speed(axes: Axes, columns: dict[str, NDArray[Any]]) -> None:
    seconds = columns["loading_seconds"] + columns["step_seconds"]
    known = seconds > 0
    speed = np.divide(columns["batch_size"], seconds, out=np.full(len(seconds), np.nan), where=known)
    axes.plot(_numbers(columns), speed, ".", color=COLORS[2], markersize=4, alpha=0.7, label="samples/s")
    axes.set_ylim(0, float(np.nanquantile(speed, 0.98)) * 1.25 if known.any() else 1)
    share = columns["loading_seconds"].sum() / max(float(seconds.sum()), 1e-12)
    label_axes(axes, f"Speed of the whole loop (loading is {share:.0%} of the time)", "", "samples/s")


def _draw_memory(axes: Axes, columns: dict[str, NDArray[Any]]) -> None:
    measured = np.isfinite(columns["memory"])
    used = columns["memory"][measured] / 2**20
    axes.plot(_numbers(columns)[measured], used, color=COLORS[3], marker="o", markersize=3, label="memory")
    axes.set_ylim(0, float(used.max()) * 1.1)
    label_axes(axes, "Memory in use", "", "MiB")


def _draw_loss(axes: Axes, columns: dict[str, NDArray[Any]]) -> None:
    axes.plot(_numbers(columns), columns["loss"], color=COLORS[1], linewidth=1.0, label="loss")
    label_axes(axes, "Loss", "", "loss of the batch")


def _mark_epochs(axes: Axes, epochs: NDArray[Any]) -> None:
    for number, (before, after) in enumerate(pairwise(epochs), start=1):
        if before != after:
            axes.axvline(number + 0.5, color=INK, linewidth=0.8, linestyle=":", zorder=0)
