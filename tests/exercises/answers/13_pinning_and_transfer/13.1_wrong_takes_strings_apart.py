"""Treats everything that can be iterated over as a container, strings too.

Rejected by: what cannot move stays
Saying: a string is one thing
"""


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, tuple):
        return tuple(move_to(value, device) for value in batch)
    if hasattr(batch, "__iter__"):
        return [move_to(value, device) if value != batch else value for value in batch]
    return batch
