"""One picture, augmented again and again in several ways (lesson 14)."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.plots.batch import to_pixels
from course_lib.plots.style import INK, in_course_style, new_figure, to_array

_INCHES_FOR_NAME = 0.25  # an augmented picture is an inch wide


@in_course_style
def plot_augmentations(
    picture: Any, augmented: Mapping[str, Sequence[Any]], title: str | None = None
) -> Figure:
    """Draw a picture, and beside it what several augmentations made of it, each in a row (lesson 14).

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
    rows = {name: [_pixels(one) for one in pictures] for name, pictures in augmented.items()}
    heights = [
        max(len(pixels) / pixels.shape[1] for pixels in row) + _INCHES_FOR_NAME for row in rows.values()
    ]
    figure, grid = new_figure(
        len(rows), 2 + longest, width=2 + longest, height=sum(heights) + 0.35 * bool(title)
    )
    cells = grid[0, 0].get_gridspec()
    cells.set_height_ratios(heights)
    for axes in grid.flat:
        axes.set_axis_off()
    _draw(figure.add_subplot(cells[:, :2]), _pixels(picture), "original")
    for place, (name, row) in zip(grid, rows.items()):
        for number, (axes, pixels) in enumerate(zip(place[2:], row)):
            _draw(axes, pixels, "" if number else name)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)
    return figure


def _pixels(picture: Any) -> NDArray[Any]:
    pixels: NDArray[Any] = to_pixels(to_array(picture)[None])[0]
    return pixels


def _draw(axes: Axes, pixels: NDArray[Any], name: str) -> None:
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(name, fontsize=9, fontweight="normal", loc="left", color=INK, pad=3)
