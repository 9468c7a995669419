"""Takes everything for host memory that is not on "cuda".

Rejected by: what lies on a device stays
Saying: There are other devices than 'cuda'
"""


def pin_batch(batch, has_gpu):
    places = ["cuda"]

    def pin(value):
        if not has_gpu or not hasattr(value, "pin_memory"):
            return value
        if hasattr(value, "is_pinned") and (value.device.type in places or value.is_pinned()):
            return value
        return value.pin_memory()

    return {key: pin(value) for key, value in batch.items()}
