"""How many bytes a sample or a batch takes (lessons 16 and 19)."""

import pickle
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

_SIMPLE = (str, bytes, bytearray, int, float, complex, bool, type(None))


def size_in_bytes(value: Any) -> int:
    """Return about how many bytes a value takes: exactly for tensors and arrays, closely for the rest.

    What is neither a container nor made of numbers or text, such as a picture, counts as the bytes of its
    pickle.

    Args:
        value: a sample or a batch: tensors, arrays, numbers, text, and containers of them.
    """
    try:
        size = value.nbytes
    except Exception:  # Sparse tensors have none.
        size = None
    if isinstance(size, int):
        return size
    if isinstance(value, _SIMPLE):
        return sys.getsizeof(value)
    if isinstance(value, Mapping):
        return sys.getsizeof(value) + sum(size_in_bytes(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return sys.getsizeof(value) + sum(map(size_in_bytes, value))
    if is_dataclass(value) and not isinstance(value, type):
        return sys.getsizeof(value) + sum(
            size_in_bytes(getattr(value, field.name)) for field in fields(value)
        )
    try:
        return len(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    except Exception:  # whatever a class of the user's raises
        return sys.getsizeof(value)
