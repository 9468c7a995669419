"""Moves the attributes of an object that has no method `to`, in the object of the caller.

Rejected by: what cannot move stays
Saying: with a tensor as its attribute
"""


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, list | tuple):
        return type(batch)(move_to(value, device) for value in batch)
    for name, value in getattr(batch, "__dict__", {}).items():
        setattr(batch, name, move_to(value, device))
    return batch
