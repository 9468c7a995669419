"""Turn downloaded bytes into a sample without running anything that is in them (lesson 07)."""

import io
import json
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch
from PIL import Image

from course_lib.datasets.images import IMAGE_EXTENSIONS

_UNSAFE = {".pkl", ".pickle", ".joblib", ".dill"}


def decode_by_ending(content: bytes, url: str) -> Any:
    """Decode a content by the ending of its URL.

    Args:
        content: all bytes.
        url: where they came from.

    Returns:
        A tensor for `.npy`, what `torch.load` reads as plain weights for `.pt` and `.pth`, an RGB picture for
        the endings of images, values for `.json`, a str for `.txt`, and the bytes themselves for the rest.

    Raises:
        ValueError: if the content is damaged, or is a pickle: reading one would run what its writer put in.
    """
    ending = PurePosixPath(_path_of(url)).suffix.lower()
    if ending in _UNSAFE:
        raise ValueError(
            f"{ending} is the ending of a pickle. Reading one runs code that its writer has put in, so it is "
            "not decoded. Store arrays as .npy, or pass a `decode` of your own if you trust the writer."
        )
    if ending == ".npy":
        return torch.from_numpy(np.load(io.BytesIO(content), allow_pickle=False))
    if ending in (".pt", ".pth"):
        return torch.load(io.BytesIO(content), weights_only=True)
    if ending in IMAGE_EXTENSIONS:
        return Image.open(io.BytesIO(content)).convert("RGB")
    if ending == ".json":
        return json.loads(content)
    return content.decode() if ending == ".txt" else content


def _path_of(url: str) -> str:
    """Return what names the file: of "zip://a.png::s3://bucket/all.zip" it is "a.png"."""
    first = next((link for link in url.split("::") if "://" in link), url)
    protocol, _, path = first.rpartition("://")
    # Elsewhere "#" and "?" are characters of a name, but for the version that S3 adds.
    return urlsplit(first).path if protocol in ("http", "https") else path.partition("?versionId=")[0]
