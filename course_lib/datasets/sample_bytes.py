"""A sample as bytes for a cache of one's own (lesson 19).

These bytes go no further than a private folder that this program made and will remove, so a pickle is as
safe here as between a loader and its workers. What comes from elsewhere is never read this way.
"""

import io
import pickle
from typing import Any

import torch

from course_lib.datasets.array_bytes import decode_array, encode_array


def pack_sample(sample: Any) -> bytes:
    """Turn a sample into bytes.

    Raises:
        Exception: if it cannot be pickled.
    """
    content = io.BytesIO()
    _Pickler(content, protocol=pickle.HIGHEST_PROTOCOL).dump(sample)
    return content.getvalue()


def unpack_sample(content: bytes) -> Any:
    """Turn bytes from `pack_sample` into a sample, with memory of its own."""
    return pickle.loads(content)


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        # A row of a tensor is a view: torch would pickle the whole tensor that the row belongs to.
        if type(value) is torch.Tensor and value.layout is torch.strided and not value.requires_grad:
            return (decode_array, (encode_array(value),)) if value.device.type == "cpu" else NotImplemented
        return NotImplemented
