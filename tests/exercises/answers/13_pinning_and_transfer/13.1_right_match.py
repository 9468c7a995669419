"""Chooses by pattern, and makes a named tuple of its fields one by one."""


def move_to(batch, device):
    match batch:
        case _ if callable(getattr(batch, "to", None)):
            return batch.to(device)
        case dict():
            return dict(zip(batch, [move_to(value, device) for value in batch.values()]))
        case list():
            return [move_to(value, device) for value in batch]
        case tuple() if hasattr(batch, "_fields"):
            return type(batch)(*[move_to(value, device) for value in batch])
        case tuple():
            return (*[move_to(value, device) for value in batch],)
    return batch
