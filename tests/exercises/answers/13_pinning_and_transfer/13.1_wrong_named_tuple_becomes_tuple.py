"""Turns every tuple into a plain one: the names of the fields are lost.

Rejected by: named tuples keep their name
Saying: comes back as the same kind of named tuple
"""


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple):
        return tuple(move_to(value, device) for value in batch)
    if isinstance(batch, list):
        return [move_to(value, device) for value in batch]
    return batch
