"""A batch of images at a glance (lessons 01, 04 and 14)."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.plots.style import INK, in_course_style, new_figure, to_array


@in_course_style
def plot_batch(
    images: Any,
    labels: Any = None,
    class_names: Sequence[str] | None = None,
    columns: int = 8,
    title: str | None = None,
) -> Figure:
    """Draw the images of a batch side by side, each under its label (lesson 01).

    Args:
        images: tensor or array of shape (B, C, H, W), (B, H, W, C) or (B, H, W) with C = 1 or 3. Integers go
            from 0 to 255. Floats go from 0 to 1; if they do not (after normalising), the batch's own range is
            shown.
        labels: one per image: numbers, or anything printable.
        class_names: the name of each class number.
        columns: images per row.
        title: written above.

    Returns:
        The figure.

    Raises:
        ValueError: the shape is none of these, the batch is empty, labels do not match, or `columns` is below
            1.
    """
    pixels = to_pixels(to_array(images))
    captions = _captions(labels, class_names, len(pixels))
    if columns < 1:
        raise ValueError(f"columns is {columns}. A row holds one image at least. Give 1 or more.")
    columns = min(columns, len(pixels))
    rows = ceil(len(pixels) / columns)
    size = 0.95
    figure, grid = new_figure(
        rows, columns, width=size * columns, height=(size + 0.22 * bool(captions)) * rows + 0.35 * bool(title)
    )
    for axes in grid.flat:
        axes.set_axis_off()
    for number, (axes, image) in enumerate(zip(grid.flat, pixels)):
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        if captions:
            axes.set_title(captions[number], fontsize=9, fontweight="normal", loc="center", color=INK, pad=3)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)
    return figure


def to_pixels(images: NDArray[Any]) -> NDArray[Any]:
    """Return floats from 0 to 1 of shape (B, H, W) or (B, H, W, 3)."""
    shape = images.shape
    if images.ndim == 4 and shape[1] in (1, 3):
        images = np.moveaxis(images, 1, -1)
    is_batch = images.ndim == 3 or (images.ndim == 4 and images.shape[-1] in (1, 3))
    if not is_batch or images.size == 0:
        raise ValueError(
            f"images has shape {shape}. A batch of images has shape (B, C, H, W), (B, H, W, C) or "
            "(B, H, W), with 1 or 3 channels and at least one image. For a single image give image[None]."
        )
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.dtype == bool:
        return images.astype(float)
    return images / 255 if np.issubdtype(images.dtype, np.integer) else _stretch(images.astype(float))


def _stretch(images: NDArray[Any]) -> NDArray[Any]:
    low, high = float(np.nanmin(images)), float(np.nanmax(images))
    if low >= 0 and high <= 1:
        return images
    return (images - low) / (high - low or 1.0)


def _captions(labels: Any, class_names: Sequence[str] | None, count: int) -> list[str]:
    if labels is None:
        return []
    values = to_array(labels).tolist()
    if not isinstance(values, list) or len(values) != count:
        found = len(values) if isinstance(values, list) else "no list"
        raise ValueError(
            f"There are {count} images and {found} labels. Every image has one label. Give the labels of "
            "this batch."
        )
    if class_names is None:
        return [str(value) for value in values]
    outside = [value for value in values if value not in range(len(class_names))]
    if outside:
        raise ValueError(
            f"labels contains {outside[0]!r}, and there are {len(class_names)} class_names. A label is the "
            "position of its name. Give a name for every class, or leave class_names out."
        )
    return [class_names[int(value)] for value in values]
