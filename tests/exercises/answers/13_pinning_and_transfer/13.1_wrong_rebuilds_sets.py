"""Takes every container apart that can be made again of one iterable: sets, too.

Rejected by: what cannot move stays
Saying: a set, alone and in a list in a dict
"""


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, list | tuple | set | frozenset):
        return type(batch)(move_to(value, device) for value in batch)
    return batch
