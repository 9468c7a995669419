"""Put images and what is known about them into one batch (lesson 09).

A dataset of images often yields pairs of an image and a dictionary: where it came from, its size, its boxes.
Samples rarely all know the same: one scan has no date. A batch shows that by a None, in its place.
"""

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from course_lib.collate import default_collate
from course_lib.errors import EmptyBatchError

_NUMERIC_KINDS = "biufc"


def image_metadata_collate(
    batch: Sequence[tuple[Any, Mapping[Any, Any]]],
) -> tuple[torch.Tensor, dict[Any, Any]]:
    """Stack images, and gather their metadata by key (lesson 09).

    Args:
        batch: B pairs `(image, metadata)`. Images are tensors or arrays of one shape, such as (C, H, W), and
            one type. Metadata is a dictionary; samples may have different keys.

    Returns:
        images: a tensor of shape (B, C, H, W).
        metadata: a dictionary with every key that any sample has, each with B values in the order of the
            samples. Numbers become a tensor of shape (B,), tensors or arrays that agree in shape and type one
            of shape (B, ...); all else stays a list. Where a sample lacks a key its value is None, and the
            values stay a list.

    Raises:
        ValueError: if the batch is empty, or two images differ in shape or type.
        TypeError: if a sample is no pair of an image and a dictionary.
    """
    if len(batch) == 0:
        raise EmptyBatchError(
            "image_metadata_collate got an empty batch. A batch holds at least one sample, whose image "
            "decides its shape. Check what the batch sampler yields."
        )
    for position, sample in enumerate(batch):
        _check_sample(position, sample, batch[0][0])
    images, metadata = zip(*batch)
    # A dictionary keeps the order in which keys come up; a set would not.
    keys = dict.fromkeys(key for known in metadata for key in known)
    return default_collate(images), {key: _gather([known.get(key) for known in metadata]) for key in keys}


def _check_sample(position: int, sample: Any, first_image: Any) -> None:
    is_pair = isinstance(sample, tuple | list) and len(sample) == 2
    if not (is_pair and isinstance(sample[0], torch.Tensor | np.ndarray) and isinstance(sample[1], Mapping)):
        kinds = ", ".join(type(part).__name__ for part in sample) if is_pair else type(sample).__name__
        raise TypeError(
            f"Sample {position} of a batch is no pair of an image and its metadata, but ({kinds}). An image "
            "is a tensor or an array, metadata a dictionary. Return (image, metadata) from __getitem__, and "
            "turn a PIL image into a tensor in a transform."
        )
    image = sample[0]
    if image.shape != first_image.shape or image.dtype != first_image.dtype:
        raise ValueError(
            f"The image of sample {position} of a batch is {_describe(image)}, that of sample 0 is "
            f"{_describe(first_image)}. Images of a batch have one shape and one type. Resize or crop them "
            f"in a transform. Metadata of sample {position}: {reprlib.repr(dict(sample[1]))}."
        )


def _describe(image: Any) -> str:
    return f"{tuple(image.shape)} of {image.dtype}"


def _gather(values: list[Any]) -> Any:
    return default_collate(values) if _are_numbers(values) or _can_be_stacked(values) else values


def _are_numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float | np.number | np.bool_) for value in values)


def _can_be_stacked(values: list[Any]) -> bool:
    first = values[0]
    if isinstance(first, np.ndarray) and first.dtype.kind not in _NUMERIC_KINDS:
        return False
    return isinstance(first, torch.Tensor | np.ndarray) and all(
        type(value) is type(first) and value.shape == first.shape and value.dtype == first.dtype
        for value in values
    )
