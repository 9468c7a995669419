"""Returns copies of what cannot move.

Rejected by: what cannot move stays
Saying: no copy of it
"""

from copy import deepcopy


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, list | tuple):
        return type(batch)(move_to(value, device) for value in batch)
    return deepcopy(batch)
