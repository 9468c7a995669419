"""Puts the pinned values into the dict of the caller.

Rejected by: the batch that came in stays
Saying: changes the batch of whoever called you
"""


def pin_batch(batch, has_gpu):
    for key, value in batch.items():
        if not has_gpu or not hasattr(value, "pin_memory"):
            continue
        if not hasattr(value, "is_pinned") or (value.device.type == "cpu" and not value.is_pinned()):
            batch[key] = value.pin_memory()
    return batch
