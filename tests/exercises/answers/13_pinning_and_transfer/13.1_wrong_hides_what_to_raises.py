"""Tries `to`, and goes on as if nothing had happened when it raises.

Rejected by: objects that move by themselves
Saying: `except` hides more than you mean
"""


def move_to(batch, device):
    try:
        return batch.to(device)
    except Exception:
        pass
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, list | tuple):
        return type(batch)(move_to(value, device) for value in batch)
    return batch
