"""Shuffles with the global generator; nobody can repeat the run.

Rejected by: the generator decides the order
Saying: The same seed gives the same batches
"""

from course_lib import DataLoader


def make_loaders(parts, batch_size, generator):
    if "train" in parts and len(parts["train"]) < batch_size:
        raise ValueError("the training part is smaller than a batch")
    return {
        name: DataLoader(part, batch_size, shuffle=name == "train", drop_last=name == "train")
        for name, part in parts.items()
    }
