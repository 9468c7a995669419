"""Has a rule for each kind, chosen by `functools.singledispatch`."""

from functools import singledispatch


@singledispatch
def move_to(batch, device):
    return batch.to(device) if hasattr(batch, "to") else batch


@move_to.register
def _(batch: dict, device):
    return {key: move_to(value, device) for key, value in batch.items()}


@move_to.register
def _(batch: list, device):
    return [move_to(value, device) for value in batch]


@move_to.register
def _(batch: tuple, device):
    moved = [move_to(value, device) for value in batch]
    return batch._replace(**dict(zip(batch._fields, moved))) if hasattr(batch, "_replace") else tuple(moved)
