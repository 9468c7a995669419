"""Pins once to see whether it works, and once more for the result.

Rejected by: host memory is pinned once
Saying: call it once, and keep what it returns
"""


def pin_batch(batch, has_gpu):
    def pin(value):
        if not has_gpu or not hasattr(value, "pin_memory"):
            return value
        if hasattr(value, "is_pinned") and (value.device.type != "cpu" or value.is_pinned()):
            return value
        return value.pin_memory() if value.pin_memory() is not None else value

    return {key: pin(value) for key, value in batch.items()}
