"""Asks for containers before it asks for `to`, so that a packed sequence is taken apart.

Rejected by: objects that move by themselves
Saying: Ask for `to` before you ask for dict
"""


def move_to(batch, device):
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, list | tuple):
        return type(batch)(move_to(value, device) for value in batch)
    return batch.to(device) if hasattr(batch, "to") else batch
