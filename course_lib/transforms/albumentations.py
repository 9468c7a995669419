"""Augment pictures with Albumentations, with torch's random numbers (lesson 04).

A pipeline of Albumentations 2 keeps generators of its own. They do not hear `torch.manual_seed`, every worker
gets a copy of them in the same state, and every epoch starts from that state again: the same few
augmentations over and over. The adapter gives the pipeline new random numbers for each picture, drawn where
the rest of the program draws them:

    torch's generator (or yours; seeded in every worker)  ->  five numbers  ->  the pipeline's generators

`pipeline.set_random_seed` would not do: it gives each step the same numbers, so that all steps with p=0.5
happen together or not at all.
"""

import copy
import os
import random
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from course_lib.samplers.order import check_generator
from course_lib.transforms.pictures import mask_like, mask_to_pixels, picture_to_pixels, pixels_like
from course_lib.transforms.randomness import generator_for_worker, generator_of_this_worker
from course_lib.transforms.steps import check_pipeline, watch_steps
from course_lib.worker_info import get_worker_info

# Albumentations asks the internet for a newer release whenever it is imported, in every new process.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

_Conversions = tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]
_CONVERSIONS: dict[str, _Conversions] = {
    "image": (picture_to_pixels, pixels_like),
    "mask": (mask_to_pixels, mask_like),
}
_REFUSED = {"images", "masks", "mask3d", "masks3d", "volume", "volumes", "bboxes", "keypoints"}


def albumentations_transform(
    pipeline: Any, *, generator: torch.Generator | None = None
) -> Callable[[Any], Any]:
    """Make a transform of samples from a pipeline of Albumentations (lesson 04).

    What comes out is what came in: a uint8 tensor of shape (channels, height, width) as the course's datasets
    have it, a picture of Pillow's, or an array of shape (height, width, channels) or (height, width). Floats,
    from A.ToFloat or A.Normalize, make a float32 tensor or array. With A.ToTensorV2 at its end the pipeline
    returns a tensor, whatever came in.

    A sample that is a dictionary needs a picture under "image". A mask of shape (height, width) under "mask"
    is flipped and cropped along with it; `additional_targets` of the pipeline may name more of either.
    Other entries pass unchanged, but boxes, points and volumes are refused.

        augment = albumentations_transform(A.Compose([A.HorizontalFlip(), A.RandomCrop(24, 24)]))
        train = TransformDataset(train_part, augment)  # train_part of (picture, label)

    Random numbers come from torch's global generator, which `torch.manual_seed` and the loader seed; in a
    worker thread from a generator with the worker's seed. A seed of the pipeline itself is not used. The
    pipeline is copied when it first runs, once for each thread, so later changes to it have no effect.

    With a `generator` of your own they come from that one. A worker has only a copy of it, or shares it with
    other threads. So it takes its state and the worker's seed, and makes a new one of them: no two workers
    and no two epochs draw alike, and your generator stays as it is. Give the loader a generator as well, from
    which the seeds of its workers come, and the pictures depend on nothing else.

    Args:
        pipeline: an `A.Compose`, or a single transform.
        generator: the source of randomness; torch's global generator if None.

    Returns:
        A function of one sample, which can be pickled if the pipeline can.

    Raises:
        TypeError: if `pipeline` is not from Albumentations or `generator` not from torch; when called, if
            the sample is no picture of uint8 or float32, or a step comes after ToTensorV2.
        ValueError: when called, if a picture has no such shape, a crop is larger than the picture,
            the statistics of A.Normalize do not fit the picture, floats are to become a picture of
            Pillow's, or a dictionary holds no "image", or boxes, points or volumes.
    """
    check_pipeline(pipeline)
    check_generator(generator)
    return _AlbumentationsTransform(pipeline, generator)


class _AlbumentationsTransform:
    def __init__(self, pipeline: Any, generator: torch.Generator | None) -> None:
        self.pipeline = pipeline
        self.generator = generator
        self._of_this_thread = threading.local()

    def __call__(self, sample: Any) -> Any:
        if isinstance(sample, Mapping):
            return self._augment(sample)
        return self._augment({"image": sample})["image"]

    def __repr__(self) -> str:
        return f"albumentations_transform({self.pipeline!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"pipeline": self.pipeline, "generator": self.generator}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.pipeline, self.generator = state["pipeline"], state["generator"]
        self._of_this_thread = threading.local()

    def _augment(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        kinds = {**dict(zip(sample, sample)), **getattr(self.pipeline, "additional_targets", {})}
        _check_fields(sample, kinds)
        conversions = {key: _CONVERSIONS[kinds[key]] for key in sample if kinds[key] in _CONVERSIONS}
        converted = {key: forth(sample[key]) for key, (forth, _) in conversions.items()}
        augmented: dict[str, Any] = self._run()({**sample, **converted})
        return {
            **augmented,
            **{key: back(augmented[key], sample[key]) for key, (_, back) in conversions.items()},
        }

    def _run(self) -> "_Run":
        """Return the pipeline of this thread: a step keeps notes of its work, so no two may share it."""
        if not hasattr(self._of_this_thread, "run"):
            self._of_this_thread.run = _Run(self.pipeline, self.generator)
        run: _Run = self._of_this_thread.run
        return run


class _Run:
    """A copy of a pipeline whose steps all draw from the same two generators, seeded anew for each sample."""

    def __init__(self, pipeline: Any, generator: torch.Generator | None) -> None:
        from albumentations import Compose
        from albumentations.augmentations.crops.transforms import CropSizeError

        self._error_of_crops = CropSizeError
        self._generator = generator
        self._worker_seed: int | None = None
        pipeline = copy.deepcopy(pipeline)
        self._pipeline = pipeline if isinstance(pipeline, Compose) else Compose([pipeline])
        self._numpy = np.random.Generator(np.random.PCG64(0))
        self._python = random.Random(0)
        self._pipeline.set_random_state(self._numpy, self._python)
        watch_steps(self._pipeline)

    def __call__(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._seed()
        try:
            augmented: dict[str, Any] = self._pipeline(**fields)
        except self._error_of_crops as error:
            raise ValueError(
                f"{error}. A crop is cut from the picture as the steps before have left it. Resize the "
                "picture first, or give the crop pad_if_needed=True, which fills up what is missing."
            ) from error
        return augmented

    def _seed(self) -> None:
        # Making new generators would take three times as long as setting these: 30 and 10 microseconds.
        words = torch.empty(5, dtype=torch.int64, device="cpu")
        numbers = words.random_(generator=self._find_generator()).tolist()
        self._python.seed(numbers[0])
        self._numpy.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": numbers[1] << 64 | numbers[2], "inc": numbers[3] << 64 | numbers[4] | 1},
            "has_uint32": 0,
            "uinteger": 0,
        }

    def _find_generator(self) -> torch.Generator | None:
        if self._generator is None:
            return generator_of_this_worker()
        worker = get_worker_info()
        if worker is None:
            return self._generator
        if worker.seed != self._worker_seed:
            self._worker_seed = worker.seed
            self._generator_here = generator_for_worker(self._generator, worker.seed)
        return self._generator_here


def _check_fields(sample: Mapping[str, Any], kinds: dict[str, str]) -> None:
    if "image" not in sample:
        raise ValueError(
            f'A sample has the fields {list(sample)} and no "image". The picture to augment stands there. '
            "Rename the field."
        )
    refused = [key for key in sample if kinds[key] in _REFUSED]
    if refused:
        raise ValueError(
            f'A sample has the field {refused[0]!r}. The adapter changes pictures and masks, under "image" '
            'and "mask", and knows no way there and back for others. Call the pipeline itself in your '
            "dataset, and seed it there with pipeline.set_random_state."
        )
