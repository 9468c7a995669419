"""Drops the short last batch of every part: test samples are never tested.

Rejected by: evaluation sees every sample, in order
Saying: An evaluation counts every sample
"""

from course_lib import DataLoader


def make_loaders(parts, batch_size, generator):
    if "train" in parts and len(parts["train"]) < batch_size:
        raise ValueError("the training part is smaller than a batch")
    return {
        name: DataLoader(
            part,
            batch_size,
            shuffle=name == "train",
            drop_last=True,
            generator=generator if name == "train" else None,
        )
        for name, part in parts.items()
    }
