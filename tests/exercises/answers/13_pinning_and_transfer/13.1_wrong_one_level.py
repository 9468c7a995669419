"""Moves the values of a container, but not what lies deeper.

Rejected by: containers keep their kind
Saying: however deep they lie
"""


def move_to(batch, device):
    def moved(value):
        return value.to(device) if hasattr(value, "to") else value

    if isinstance(batch, dict):
        return {key: moved(value) for key, value in batch.items()}
    if hasattr(batch, "_make"):
        return batch._make(moved(value) for value in batch)
    if isinstance(batch, list | tuple):
        return type(batch)(moved(value) for value in batch)
    return moved(batch)
