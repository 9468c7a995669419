"""Calls `pin_memory()` and keeps the old tensor, as if it worked in place.

Rejected by: host memory is pinned once
Saying: or the old tensor?
"""


def pin_batch(batch, has_gpu):
    for value in batch.values():
        if has_gpu and hasattr(value, "is_pinned") and value.device.type == "cpu" and not value.is_pinned():
            value.pin_memory()
    return batch
