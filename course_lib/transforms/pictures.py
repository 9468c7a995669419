"""Pictures as torch, Pillow and OpenCV keep them, and the way there and back (lesson 04).

    torch     tensor of shape (channels, height, width)
    Pillow    `Image`, of mode "L" or "RGB"
    OpenCV    array of shape (height, width, channels), or (height, width) if grey

Albumentations works on OpenCV's. A number from 0 to 255 is a uint8 in all of them, one from 0 to 1 a float32.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[Any]
_MODES = ("L", "RGB")
_FEW = (1, 3, 4)  # how many colours a picture usually has: anything else is a height or a width
_LARGEST_EXACT = 2**24  # float32 holds every integer up to here


def picture_to_pixels(picture: Any) -> Pixels:
    """Return a copy of a picture as OpenCV keeps it.

    A copy, because what follows may change its pixels in place, and a dataset wants to keep its own.

    Raises:
        TypeError: if it is no picture, or its numbers are of another type than uint8 and float32.
        ValueError: if its shape or its mode is none of those above.
    """
    if isinstance(picture, Image.Image):
        return np.array(_checked_mode(picture))
    if isinstance(picture, torch.Tensor):
        shape = tuple(picture.shape)
        channels_last = len(shape) == 3 and shape[0] not in _FEW and shape[2] in _FEW
        if len(shape) != 3 or 0 in shape or channels_last:
            raise _wrong_shape("A tensor", shape, "(channels, height, width)")
        return _checked_type(np.stack(list(picture.numpy()), axis=-1))  # faster than copying a permuted view
    if isinstance(picture, np.ndarray):
        shape = picture.shape
        channels_first = len(shape) == 3 and shape[0] in _FEW and shape[2] not in _FEW
        if len(shape) not in (2, 3) or 0 in shape or channels_first:
            raise _wrong_shape("An array", shape, "(height, width, channels) or (height, width)")
        return _checked_type(np.array(picture, order="C"))
    raise TypeError(
        f"albumentations_transform got a {type(picture).__name__}. It takes one picture at a time: a uint8 "
        "tensor of shape (channels, height, width), a picture of Pillow's, an array of shape (height, width, "
        'channels), or a dictionary with one under "image". For samples (picture, label) wrap the dataset: '
        "TransformDataset(dataset, albumentations_transform(pipeline)); leave batched=False there, so that "
        "every picture gets random numbers of its own."
    )


def pixels_like(result: Any, picture: Any) -> Any:
    """Return what came of a picture as the same kind of picture. A tensor, from ToTensorV2, stays a tensor.

    Raises:
        ValueError: if it cannot be: Pillow has no coloured picture of floats.
    """
    if isinstance(result, torch.Tensor) or isinstance(picture, np.ndarray):
        return result
    if isinstance(picture, torch.Tensor):
        pixels = result[..., None] if result.ndim == 2 else result
        return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)
    if result.dtype != np.uint8:
        raise ValueError(
            f"The pipeline made {result.dtype} of a picture of Pillow's, which has pixels from 0 to 255 "
            "only. What is normalised becomes a tensor. Put ToTensorV2() at the pipeline's end."
        )
    return Image.fromarray(result[..., 0] if result.ndim == 3 and result.shape[2] == 1 else result)


def mask_to_pixels(mask: Any) -> Pixels:
    """Return a copy of a mask, of a type that OpenCV can turn and stretch.

    Args:
        mask: a class for every pixel: a tensor or an array of shape (height, width), of any type of numbers,
            or a picture of Pillow's of mode "L".

    Raises:
        TypeError: if it is neither.
        ValueError: if its shape is another, or a class is too large.
    """
    if isinstance(mask, torch.Tensor):
        classes = mask.numpy().copy()
    else:
        classes = np.array(mask if isinstance(mask, (np.ndarray, Image.Image)) else None)
    if classes.dtype.kind not in "buif":
        raise TypeError(
            f"A mask is a {type(mask).__name__}. It holds a number for every pixel. Pass a tensor or an "
            'array of shape (height, width), or a picture of Pillow\'s of mode "L".'
        )
    if classes.ndim != 2 or 0 in classes.shape:
        raise _wrong_shape("A mask", classes.shape, "(height, width)")
    if classes.dtype in (np.uint8, np.float32):
        return classes
    low, high = classes.min(), classes.max()
    if classes.dtype.kind != "f" and low >= 0 and high <= 255:
        return classes.astype(np.uint8)
    if classes.dtype.kind != "f" and max(-int(low), int(high)) > _LARGEST_EXACT:
        raise ValueError(
            f"A mask holds numbers from {low} to {high}. OpenCV moves them as float32, which is exact up to "
            f"{_LARGEST_EXACT} only. Number the classes from 0 on."
        )
    return classes.astype(np.float32)


def mask_like(result: Any, mask: Any) -> Any:
    """Return what came of a mask as the same kind of mask, with its type of numbers."""
    if isinstance(result, torch.Tensor):
        return result.to(mask.dtype) if isinstance(mask, torch.Tensor) else result
    if isinstance(mask, torch.Tensor):
        return torch.from_numpy(np.ascontiguousarray(result)).to(mask.dtype)
    if isinstance(mask, np.ndarray):
        return result.astype(mask.dtype, copy=False)
    return Image.fromarray(result)


def _checked_mode(picture: Image.Image) -> Image.Image:
    if picture.mode not in _MODES:
        raise ValueError(
            f"A picture of Pillow's has mode {picture.mode!r}. Pixels are grey or have three colours: mode "
            f'{" or ".join(map(repr, _MODES))}. Pass picture.convert("RGB").'
        )
    return picture


def _checked_type(pixels: Pixels) -> Pixels:
    if pixels.dtype not in (np.uint8, np.float32):
        raise TypeError(
            f"A picture holds {pixels.dtype}. Albumentations knows uint8, from 0 to 255, and float32, from 0 "
            "to 1. Convert it before; pictures from files are uint8."
        )
    return pixels


def _wrong_shape(what: str, shape: tuple[int, ...], rule: str) -> ValueError:
    batch = " A batch goes in picture by picture." if len(shape) == 4 else ""
    return ValueError(
        f"{what} has shape {shape}. Its axes are {rule}, none of them empty.{batch} Move the axes with "
        "permute or transpose, or take one picture."
    )
