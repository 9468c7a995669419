"""Decode JPEG pictures faster than Pillow (lesson 05).

Most of the time that a folder of JPEG pictures takes goes into decoding. Pillow decodes to four bytes for
each pixel, and making a tensor of them copies them twice more. OpenCV decodes straight to the three bytes of
a tensor, by libjpeg-turbo as well.
"""

from typing import Any

import cv2
import numpy as np
import torch

from course_lib.datasets.images import PathLike, load_image

_BEGINS, _ENDS = b"\xff\xd8", b"\xff\xd9"  # the marks around the content of a whole JPEG file
_AS_PILLOW_DOES = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION


def load_image_turbo(path: PathLike) -> torch.Tensor:
    """Read a picture as RGB: pass it as `load` to an image dataset (lesson 05).

    Two libraries need not decode a JPEG file to the same pixels: expect differences of one step in 255 here
    and there, and none where Pillow and OpenCV were built with the same libjpeg-turbo. Other kinds of files,
    and damaged ones, are left to Pillow.

    Args:
        path: where the file is.

    Returns:
        A uint8 tensor of shape (3, height, width).

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it holds no whole picture; the message names the file.
    """
    with open(path, "rb") as file:
        content = file.read()
    pixels: Any = None
    if content.startswith(_BEGINS) and content.endswith(_ENDS):
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), _AS_PILLOW_DOES)
    if pixels is None:
        pixels = np.array(load_image(path))
    return torch.from_numpy(pixels).permute(2, 0, 1)
