"""Knows the names train, validation and test, and no others.

Rejected by: one loader for each part
Saying: exactly the names of the parts
"""

from course_lib import DataLoader


def make_loaders(parts, batch_size, generator):
    if len(parts["train"]) < batch_size:
        raise ValueError("the training part is smaller than a batch")
    loaders = {
        "train": DataLoader(parts["train"], batch_size, shuffle=True, drop_last=True, generator=generator)
    }
    for name in ("validation", "test"):
        if name in parts:
            loaders[name] = DataLoader(parts[name], batch_size)
    return loaders
