"""Tell whether two samples are the same, without keeping them (lesson 17)."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


def fingerprint(value: Any) -> bytes:
    """Return 16 bytes that are the same for equal values, and for different ones as good as never.

    Args:
        value: a tensor, an array, a picture of Pillow's, numbers, texts, bytes, None, or containers of them.
            Tensors and arrays are equal if type, shape and every value are.

    Raises:
        TypeError: if there is anything else in it.
    """
    digest = hashlib.blake2b(digest_size=16)
    _update(digest, value)
    return digest.digest()


def _update(digest: Any, value: Any) -> None:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().contiguous()
        _add(digest, "array", str(value.dtype).removeprefix("torch."), tuple(value.shape))
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, np.ndarray | np.generic) and value.dtype.kind != "O":
        _add(digest, "array", value.dtype.name, value.shape)
        digest.update(value.tobytes())
    elif isinstance(value, Mapping):
        _add(digest, "mapping", len(value))
        for key in value:
            _update(digest, key)
            _update(digest, value[key])
    elif isinstance(value, list | tuple):
        _add(digest, "sequence", len(value))
        for part in value:
            _update(digest, part)
    elif value is None or isinstance(value, bool | int | float | complex | str | bytes):
        _add(digest, type(value).__name__, value)
    elif hasattr(value, "tobytes") and hasattr(value, "mode") and hasattr(value, "size"):
        _add(digest, "picture", value.mode, value.size)
        digest.update(value.tobytes())
    else:
        raise TypeError(
            f"A sample holds a {type(value).__name__}, and nobody knows when two of them are equal. Samples "
            "are compared by tensors, arrays, pictures, numbers and texts. Choose the `field` that holds one."
        )


def _add(digest: Any, *facts: object) -> None:
    digest.update(repr(facts).encode("utf-8", "surrogatepass"))
