"""Handwritten digits that need no network: scikit-learn's 1,797 scans in the guise of MNIST (lesson 14).

The scans are 8 x 8 pixels with values from 0 to 16. As in MNIST, the digit fills about 20 x 20 pixels of a
28 x 28 picture and its centre of mass lies in the middle.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image

from course_lib.datasets.memory import TensorDataset
from course_lib.datasets.split import stratified_split

_TEST_SIZE = 360


@cache
def embedded_digits(train: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Return one part of a fixed, stratified split of the digits.

    Args:
        train: True for the 1,437 training digits, False for the 360 test digits.

    Returns:
        Images, uint8 of shape (n, 28, 28), and labels, uint8 of shape (n,).
    """
    from sklearn.datasets import load_digits  # a second's import that is needed once per machine

    digits = load_digits()
    images = torch.from_numpy(np.stack([_like_mnist(scan) for scan in digits.images]))
    labels = torch.from_numpy(digits.target.astype(np.uint8))
    dataset = TensorDataset(images, labels)
    sizes = [len(dataset) - _TEST_SIZE, _TEST_SIZE]
    parts = stratified_split(dataset, labels, sizes, torch.Generator().manual_seed(0))
    chosen = torch.tensor(list(parts[0 if train else 1].indices), device="cpu")
    return images[chosen], labels[chosen]


def _like_mnist(scan: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    large = Image.fromarray(scan.astype(np.float32)).resize((20, 20), Image.Resampling.BICUBIC)
    # Enlarging blurs the edges of strokes; a steeper ramp makes them as crisp as MNIST's.
    ink = np.clip((np.asarray(large) - 4) / 8, 0, 1)
    picture = np.zeros((28, 28), np.uint8)
    top, left = (_offset(ink.sum(axis=axis)) for axis in (1, 0))
    picture[top : top + 20, left : left + 20] = np.rint(ink * 255)
    return picture


def _offset(profile: np.ndarray[Any, Any]) -> int:
    """Where 20 pixels begin among 28 so that their centre of mass lies in the middle."""
    centre = (profile * np.arange(20)).sum() / profile.sum()
    return int(np.clip(round(13.5 - centre), 0, 8))
