"""How many samples each class has, in one dataset or in each of its parts (lessons 01, 03 and 08)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots.style import COLORS, INK, in_course_style, label_axes, new_figure, to_array

_ROOM_FOR_NUMBERS = 40


@in_course_style
def plot_class_counts(labels: Any, class_names: Sequence[str] | None = None) -> Figure:
    """Draw the number of samples of every class as bars (lesson 01).

    Args:
        labels: classes of all samples, of shape (n,); or a mapping from a part's name to its labels, whose
            bars then stand side by side, as in `{"train": …, "validation": …}`.
        class_names: the name of each class number; classes without samples are drawn, too.

    Returns:
        The figure.

    Raises:
        ValueError: labels are not one-dimensional, there are none, or a class has no name.
    """
    parts = labels if isinstance(labels, Mapping) else {"": labels}
    counts = {str(name): _count(values) for name, values in parts.items()}
    classes = _classes(counts, class_names)
    figure, grid = new_figure(width=max(5.0, min(12.0, 1.5 + 0.3 * len(classes) * (len(counts) + 0.6))))
    axes = grid[0, 0]
    for position, (name, count) in enumerate(counts.items()):
        _draw_part(axes, position, len(counts), name, [count[key] for key in classes])
    names = [str(key) if class_names is None else class_names[int(key)] for key in classes]
    tilted = sum(map(len, names)) > 70
    axes.set_xticks(
        range(len(classes)), names, rotation=35 if tilted else 0, ha="right" if tilted else "center"
    )
    axes.tick_params(axis="x", length=0)
    axes.grid(False, axis="x")
    axes.margins(x=0.02, y=0.12)
    label_axes(axes, "Samples per class", "class", "samples")
    if len(counts) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0)
    return figure


def _draw_part(axes: Axes, position: int, parts: int, name: str, heights: list[int]) -> None:
    width = 0.82 / parts
    offset = (position - (parts - 1) / 2) * width
    places = [number + offset for number in range(len(heights))]
    bars = axes.bar(places, heights, width * 0.94, color=COLORS[position % len(COLORS)], label=name)
    if parts * len(heights) <= _ROOM_FOR_NUMBERS:
        axes.bar_label(bars, fontsize=7.5, color=INK, padding=2)


def _count(labels: Any) -> Counter[Any]:
    values = to_array(labels)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(
            f"labels has shape {values.shape}. It must hold one class per sample, of shape (n,) with n of "
            "at least 1. Give a list of classes, or a mapping from names to such lists."
        )
    return Counter(values.tolist())


def _classes(counts: dict[str, Counter[Any]], class_names: Sequence[str] | None) -> list[Any]:
    if not counts:
        raise ValueError(
            "labels is an empty mapping. There must be a part to draw. Give {'train': labels}, say."
        )
    seen = set().union(*counts.values())
    if class_names is None:
        return sorted(seen)
    unnamed = [key for key in seen if key not in range(len(class_names))]
    if unnamed:
        raise ValueError(
            f"labels contains {unnamed[0]!r}, and there are {len(class_names)} class_names. A label is the "
            "position of its name. Give a name for every class, or leave class_names out."
        )
    return list(range(len(class_names)))
