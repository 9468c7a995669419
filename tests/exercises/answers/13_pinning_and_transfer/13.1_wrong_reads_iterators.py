"""Makes a list of every iterator: whoever reads it next finds it empty.

Rejected by: what cannot move stays
Saying: an iterator, alone and in a list in a dict
"""


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, list) or hasattr(batch, "__next__"):
        return [move_to(value, device) for value in batch]
    return tuple(move_to(value, device) for value in batch) if isinstance(batch, tuple) else batch
