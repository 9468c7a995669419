"""Makes every tuple of one iterable, which a named tuple is not made of.

Rejected by: named tuples keep their name
Saying: it is not made of one iterable
"""


def move_to(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: move_to(value, device) for key, value in batch.items()}
    if isinstance(batch, list | tuple):
        return type(batch)(move_to(value, device) for value in batch)
    return batch
