"""Takes dicts apart before it asks for `to`.

Rejected by: objects that move by themselves
Saying: Ask for `to` before you ask for dict
"""


def move_to(batch, device):
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, tuple) and hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, list | tuple):
        return type(batch)(move_to(value, device) for value in batch)
    return batch
