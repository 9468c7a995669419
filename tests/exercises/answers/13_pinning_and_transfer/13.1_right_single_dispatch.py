"""Has a rule for each kind of container, by `functools.singledispatch`; what can move itself comes first."""

from functools import singledispatch


def move_to(batch, device):
    return batch.to(device) if hasattr(batch, "to") else move_parts(batch, device)


@singledispatch
def move_parts(batch, device):
    return batch


@move_parts.register
def _(batch: dict, device):
    return {key: move_to(value, device) for key, value in batch.items()}


@move_parts.register
def _(batch: list, device):
    return [move_to(value, device) for value in batch]


@move_parts.register
def _(batch: tuple, device):
    moved = [move_to(value, device) for value in batch]
    return batch._replace(**dict(zip(batch._fields, moved))) if hasattr(batch, "_replace") else tuple(moved)
