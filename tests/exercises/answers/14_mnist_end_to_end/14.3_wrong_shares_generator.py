"""Gives the generator to all loaders, so that each evaluation moves the order of the training.

Rejected by: evaluating leaves the training alone
Saying: whether somebody evaluates in between
"""

from course_lib import DataLoader


def make_loaders(parts, batch_size, generator):
    loaders = {}
    for name, part in parts.items():
        is_train = name == "train"
        if is_train and len(part) < batch_size:
            raise ValueError("the training part is smaller than a batch")
        loaders[name] = DataLoader(
            part, batch_size, shuffle=is_train, drop_last=is_train, generator=generator
        )
    return loaders
