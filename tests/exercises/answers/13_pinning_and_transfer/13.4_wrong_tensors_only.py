"""Leaves objects of other kinds unpinned, without a word.

Rejected by: other types, text and numbers
Saying: An object with a `pin_memory` of its own is asked
"""


def pin_batch(batch, has_gpu):
    def pin(value):
        if has_gpu and hasattr(value, "is_pinned") and value.device.type == "cpu" and not value.is_pinned():
            return value.pin_memory()
        return value

    return {key: pin(value) for key, value in batch.items()}
