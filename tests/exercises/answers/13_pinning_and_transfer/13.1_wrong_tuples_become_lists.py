"""Returns a list for every sequence.

Rejected by: containers keep their kind
Saying: a tuple a tuple
"""


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if hasattr(batch, "_make"):
        return batch._make(move_to(value, device) for value in batch)
    if isinstance(batch, list | tuple):
        return [move_to(value, device) for value in batch]
    return batch
