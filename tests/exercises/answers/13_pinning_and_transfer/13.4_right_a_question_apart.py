"""Has one function that decides and one that acts."""


def helps(value):
    if hasattr(value, "is_pinned"):
        return value.device.type == "cpu" and not value.is_pinned()
    return callable(getattr(value, "pin_memory", None))


def pin_batch(batch, has_gpu):
    return {k: v.pin_memory() if has_gpu and helps(v) else v for k, v in batch.items()}
