"""Moves the values inside the lists and dicts of the caller.

Rejected by: the batch that came in stays
Saying: changes the batch of whoever called you
"""


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, dict | list):
        for key in batch if isinstance(batch, dict) else range(len(batch)):
            batch[key] = move_to(batch[key], device)
        return batch
    if hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, tuple):
        return tuple(move_to(value, device) for value in batch)
    return batch
