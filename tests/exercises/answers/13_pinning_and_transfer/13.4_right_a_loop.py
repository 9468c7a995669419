"""Returns early without a GPU, and changes a copy of the dict."""


def pin_batch(batch, has_gpu):
    result = dict(batch)
    if has_gpu:
        for key, value in batch.items():
            if not hasattr(value, "pin_memory"):
                continue
            if not hasattr(value, "is_pinned") or (value.device.type == "cpu" and not value.is_pinned()):
                result[key] = value.pin_memory()
    return result
