"""One picture, augmented again and again in several ways (lesson 04)."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots.batch import _to_pixels
from course_lib.plots.style import INK, in_course_style, new_figure, to_array

_INCHES = 1.0


@in_course_style
def plot_augmentations(
    picture: Any, augmented: Mapping[str, Sequence[Any]], title: str | None = None
) -> Figure:
    """Draw a picture at the left, and beside it what several augmentations made of it, each in a row.

        ways = {"Albumentations": albumentations_transform(pipeline), "torchvision v2": transform}
        plot_augmentations(picture, {name: [way(picture) for _ in range(6)] for name, way in ways.items()})

    Args:
        picture: the original: a tensor of shape (C, H, W), an array of shape (H, W, C) or (H, W), C = 1 or 3,
            or a picture of Pillow's. Integers go from 0 to 255, floats from 0 to 1; of floats that do not
            (after normalising) each picture's own range is shown.
        augmented: from the name of a row to its pictures, which may differ in size.
        title: written above.

    Returns:
        The figure.

    Raises:
        ValueError: a picture has another shape, or there is no row or an empty one.
    """
    empty = [name for name, pictures in augmented.items() if len(pictures) == 0]
    if not augmented or empty:
        raise ValueError(
            f"augmented has {f'no picture for {empty[0]!r}' if empty else 'no rows'}. Each row shows one "
            "picture at least. Give a list of augmented pictures for every name."
        )
    longest = max(len(pictures) for pictures in augmented.values())
    figure, grid = new_figure(
        len(augmented),
        2 + longest,
        width=_INCHES * (2 + longest),
        height=(_INCHES + 0.25) * len(augmented) + 0.35 * bool(title),
    )
    for axes in grid.flat:
        axes.set_axis_off()
    _draw(figure.add_subplot(grid[0, 0].get_gridspec()[:, :2]), picture, "original")
    for row, (name, pictures) in zip(grid, augmented.items()):
        for number, (axes, one) in enumerate(zip(row[2:], pictures)):
            _draw(axes, one, "" if number else name)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)
    return figure


def _draw(axes: Axes, picture: Any, name: str) -> None:
    (pixels,) = _to_pixels(to_array(picture)[None])
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(name, fontsize=9, fontweight="normal", loc="left", color=INK, pad=3)
