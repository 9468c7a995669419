"""Look at a picture before each step of an Albumentations pipeline (lesson 04).

Some mistakes raise nothing in Albumentations, or raise something from deep inside. They show when a step is
about to start: there the picture is as the steps before have left it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch


def steps_of(pipeline: Any) -> Iterator[Any]:
    """Yield the single transforms of a pipeline, those inside of OneOf and its like included."""
    from albumentations import BaseCompose

    if not isinstance(pipeline, BaseCompose):
        yield pipeline
        return
    for part in pipeline.transforms:
        yield from steps_of(part)


def check_pipeline(pipeline: Any) -> None:
    """Refuse what is no pipeline of Albumentations with a TypeError."""
    from albumentations import BaseCompose, BasicTransform

    if not isinstance(pipeline, (BaseCompose, BasicTransform)):
        raise TypeError(
            f"albumentations_transform got {pipeline!r}. It adapts what Albumentations makes: an "
            "A.Compose([...]), or a single transform such as A.HorizontalFlip(). Transforms of torchvision "
            "need no adapter. Pass them to TransformDataset as they are."
        )


def watch_steps(pipeline: Any) -> None:
    """Let every step of a pipeline check the picture first. Do this to a copy: it changes the steps."""
    for step in steps_of(pipeline):
        _watch(step)


def _watch(step: Any) -> None:
    from albumentations import Normalize

    has_statistics = isinstance(step, Normalize) and step.normalization == "standard"
    prepare = step.update_transform_params  # what a step calls with the data before it draws and works

    def check_and_prepare(params: dict[str, Any], data: dict[str, Any]) -> Any:
        _check_is_array(step, data["image"])
        if has_statistics:
            _check_statistics(step, data["image"])
        return prepare(params=params, data=data)

    step.update_transform_params = check_and_prepare


def _check_is_array(step: Any, picture: Any) -> None:
    if isinstance(picture, torch.Tensor):
        raise TypeError(
            f"{type(step).__name__} comes after ToTensorV2 and got a tensor. Albumentations works on arrays, "
            "Normalize included; in torchvision it is the other way round. Put ToTensorV2() at the end."
        )


def _check_statistics(step: Any, picture: Any) -> None:
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    for name, statistic in (("mean", step.mean), ("std", step.std)):
        if np.ndim(statistic) == 1 and len(statistic) != channels:
            raise ValueError(
                f"Normalize has {name}={tuple(statistic)} and got a picture of {channels} "
                f"channel{'s'[: channels != 1]}. Each channel has a {name} of its own, and Albumentations "
                f"would make do with what it gets, in silence. Pass a tuple of {channels}, or one plain "
                "number to use it for all channels."
            )
    if picture.dtype.kind == "f" and step.max_pixel_value == 255:
        raise ValueError(
            "Normalize has max_pixel_value=255 and got a picture of floats. Floats run from 0 to 1, and "
            "divided by 255 all of them are nearly black. Pass max_pixel_value=1.0, or keep the bytes until "
            "then."
        )
