"""Says nothing when drop_last leaves no batch at all.

Rejected by: a training part without a full batch is refused
Saying: an epoch without batches
"""

from course_lib import DataLoader


def make_loaders(parts, batch_size, generator):
    loaders = {name: DataLoader(part, batch_size) for name, part in parts.items()}
    if len(parts.get("train", ())) > 0:
        loaders["train"] = DataLoader(
            parts["train"], batch_size, shuffle=True, drop_last=True, generator=generator
        )
    return loaders
