"""Resize, crop and normalise a whole batch of pictures (lesson 04).

The usual chain turns every picture into floats, four times as large as its bytes, and walks through them once
for each further step; then the batch is stacked, which copies them all again. Here pictures stay bytes as
long as possible, and the floats are written once, straight to their place in the batch:

    picture 0   resize, crop (bytes)  ->  batch[0]   scale and shift, still in the cache
    picture 1   resize, crop (bytes)  ->  batch[1]   ...
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import interpolate

from course_lib.datasets.batch_memory import empty_batch

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class BatchedImageTransform:
    """Do to a list of pictures what torchvision's chain of four does to each (lesson 04):

        Resize(size), CenterCrop(crop), ToTensor(), Normalize(mean, std)

    Pictures of Pillow's give the chain's numbers, within 1e-6. Pictures that come as bytes in a tensor are
    resized by torch, several times as fast: there a few values in a thousand are off by one step of 255 (two,
    where a picture grows), because torch rounds otherwise.

    Pass it to `ImageFolderDataset(root, transform, batched=True)`.

    Args:
        size: the length in pixels to which the shorter side is resized; the longer one keeps its ratio.
        crop: the side of the square that is cut from the middle, at most `size`; `size` itself if None.
        mean: what is subtracted from each of the three colours, which run from 0 to 1.
        std: what they are then divided by.

    Raises:
        ValueError: if `crop` is larger than `size`, one of them is no positive integer, there are not three
            means and deviations or a deviation is 0; when called, if a tensor is no RGB picture.
        TypeError: when called, if something is no picture, or one picture comes instead of a list.
    """

    def __init__(
        self,
        size: int,
        crop: int | None = None,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
    ) -> None:
        self.size = size
        self.crop = size if crop is None else crop
        for name, pixels in (("size", self.size), ("crop", self.crop)):
            if not isinstance(pixels, int) or isinstance(pixels, bool) or pixels < 1:
                raise ValueError(
                    f"{name} got {pixels!r}. It is a length in pixels. Pass an integer of 1 or more."
                )
        if self.crop > size:
            raise ValueError(
                f"crop is {crop} and size is {size}. The square is cut from the resized picture, whose "
                "shorter side has `size` pixels. Pass a crop of at most `size`."
            )
        self.mean, self.std = tuple(mean), tuple(std)
        if len(self.mean) != 3 or len(self.std) != 3 or 0 in self.std:
            raise ValueError(
                f"mean got {self.mean} and std {self.std}. RGB pictures have three colours, each with a mean "
                "and a standard deviation that is not 0. Pass three numbers for either."
            )
        # (pixel / 255 - mean) / std, as one multiplication and one subtraction.
        means, deviations = torch.tensor([self.mean, self.std], dtype=torch.float64, device="cpu")
        self._scale = (1 / (255 * deviations)).float().view(3, 1, 1)
        self._shift = (means / deviations).float().view(3, 1, 1)

    def __call__(self, pictures: Sequence[Any]) -> torch.Tensor:
        """Transform B pictures, which may differ in size.

        Args:
            pictures: RGB pictures of Pillow's, or uint8 tensors of shape (3, height, width).

        Returns:
            A float32 tensor of shape (B, 3, crop, crop).
        """
        if isinstance(pictures, Image.Image):
            raise TypeError(
                "BatchedImageTransform got one picture. It works on all pictures of a batch. Pass "
                "batched=True to the dataset, or a list of one picture."
            )
        batch = empty_batch((len(pictures), 3, self.crop, self.crop), torch.float32)
        for place, picture in zip(batch, pictures):
            place.copy_(self._crop(self._resize(picture))).mul_(self._scale).sub_(self._shift)
        return batch

    def __repr__(self) -> str:
        return f"BatchedImageTransform(size={self.size}, crop={self.crop}, mean={self.mean}, std={self.std})"

    def _resize(self, picture: Any) -> torch.Tensor:
        """Return the resized picture, uint8 of shape (3, height, width)."""
        if isinstance(picture, torch.Tensor):
            return self._resize_tensor(picture)
        if not isinstance(picture, Image.Image):
            raise TypeError(
                f"BatchedImageTransform got a {type(picture).__name__} as a picture. Pictures are Pillow's, "
                "or uint8 tensors of shape (3, height, width). Decode files before: the image datasets do it."
            )
        width, height = self._resized(picture.width, picture.height)
        resized = picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
        return torch.from_numpy(np.array(resized)).permute(2, 0, 1)

    def _resize_tensor(self, picture: torch.Tensor) -> torch.Tensor:
        if picture.ndim != 3 or len(picture) != 3 or picture.dtype != torch.uint8:
            raise ValueError(
                f"BatchedImageTransform got a tensor of shape {tuple(picture.shape)} and {picture.dtype}. A "
                "picture is uint8 of shape (3, height, width). Pass it as it was decoded."
            )
        width, height = self._resized(picture.shape[2], picture.shape[1])
        if picture.shape[1:] == (height, width):
            return picture
        # Torch is fastest where the three colours of a pixel lie side by side, as decoders leave them. It
        # asks all strides whether they do: `picture[None]` would give the one between pictures a wrong value.
        one = picture.permute(1, 2, 0).contiguous()[None].permute(0, 3, 1, 2)
        return interpolate(one, (height, width), mode="bilinear", antialias=True)[0]

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        """Return the new width and height, rounded as torchvision's `Resize` does."""
        if width <= height:
            return self.size, int(self.size * height / width)
        return int(self.size * width / height), self.size

    def _crop(self, picture: torch.Tensor) -> torch.Tensor:
        top, left = (round((length - self.crop) / 2) for length in picture.shape[1:])
        return picture[:, top : top + self.crop, left : left + self.crop]
