"""The same picture before and after, both ways."""

import albumentations as A
import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from course_lib import SyntheticImages, albumentations_transform, plot_augmentations


def shown(figure):
    return [axes for axes in figure.axes if axes.images]


def test_the_same_picture_both_ways():
    picture = SyntheticImages(1, channels=3)[0][0]
    crop = albumentations_transform(A.RandomCrop(20, 24))
    ways = {"Albumentations": crop, "torchvision v2": v2.RandomCrop((20, 24))}
    augmented = {name: [way(picture) for _ in range(4)] for name, way in ways.items()}
    figure = plot_augmentations(picture, augmented, title="Both ways")
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert np.asarray(figure.canvas.buffer_rgba())[0, 0, 3] == 0
    original, *others = sorted(
        shown(figure), key=lambda axes: axes.images[0].get_array().shape[0], reverse=True
    )
    assert original.get_title(loc="left") == "original"
    assert np.allclose(original.images[0].get_array(), picture.permute(1, 2, 0) / 255)
    expected = [one.permute(1, 2, 0).numpy() / 255 for row in augmented.values() for one in row]
    assert all(
        np.allclose(axes.images[0].get_array(), one) for axes, one in zip(others, expected, strict=True)
    )
    assert [axes.get_title(loc="left") for axes in others] == [
        "Albumentations",
        *[""] * 3,
        "torchvision v2",
        *[""] * 3,
    ]


@pytest.mark.parametrize(
    "picture",
    [
        torch.zeros(1, 8, 9, dtype=torch.uint8),
        torch.randn(3, 8, 9),
        np.zeros((8, 9), np.uint8),
        np.zeros((8, 9, 3), np.float32),
        Image.new("L", (9, 8)),
        Image.new("RGB", (9, 8)),
    ],
)
def test_every_kind_of_picture_and_rows_of_different_lengths(picture):
    figure = plot_augmentations(picture, {"one": [picture], "two": [picture, picture]})
    assert len(shown(figure)) == 4
    assert {axes.images[0].get_array().shape[:2] for axes in shown(figure)} == {(8, 9)}


@pytest.mark.parametrize(
    ("picture", "augmented", "match"),
    [
        (torch.zeros(3, 4, 4), {}, "no rows"),
        (torch.zeros(3, 4, 4), {"flip": []}, "no picture for 'flip'"),
        (torch.zeros(2, 3, 4, 4), {"flip": [torch.zeros(3, 4, 4)]}, "shape"),
        (torch.zeros(3, 4, 4), {"flip": [torch.zeros(5, 4, 4)]}, "shape"),
    ],
)
def test_what_cannot_be_drawn_is_refused(picture, augmented, match):
    with pytest.raises(ValueError, match=match):
        plot_augmentations(picture, augmented)
