"""Asks every object with an argument that only tensors know.

Rejected by: objects that move by themselves
Saying: with the device and nothing else
"""


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, list | tuple):
        return type(batch)(move_to(value, device) for value in batch)
    return batch
