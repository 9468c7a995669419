"""Asks for an attribute `pinned`, which no tensor has, instead of `is_pinned()`.

Rejected by: what is pinned already stays
Saying: `value.is_pinned()` says it
"""


def pin_batch(batch, has_gpu):
    def pin(value):
        if not has_gpu or not hasattr(value, "pin_memory"):
            return value
        if hasattr(value, "is_pinned") and (value.device.type != "cpu" or getattr(value, "pinned", False)):
            return value
        return value.pin_memory()

    return {key: pin(value) for key, value in batch.items()}
