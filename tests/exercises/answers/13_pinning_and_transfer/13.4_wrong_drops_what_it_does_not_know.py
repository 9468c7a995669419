"""Returns only what can be pinned; file names and numbers are gone.

Rejected by: other types, text and numbers
Saying: what knows nothing of pinning stays
"""


def pin_batch(batch, has_gpu):
    if not has_gpu:
        return batch
    result = {}
    for key, value in batch.items():
        if hasattr(value, "pin_memory"):
            tensor = hasattr(value, "is_pinned")
            stays = tensor and (value.device.type != "cpu" or value.is_pinned())
            result[key] = value if stays else value.pin_memory()
    return result
