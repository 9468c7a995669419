"""Pins what is pinned already: a copy for nothing.

Rejected by: what is pinned already stays
Saying: A pinned tensor is not pinned again
"""


def pin_batch(batch, has_gpu):
    def pin(value):
        if not has_gpu or not hasattr(value, "pin_memory"):
            return value
        if hasattr(value, "is_pinned") and value.device.type != "cpu":
            return value
        return value.pin_memory()

    return {key: pin(value) for key, value in batch.items()}
