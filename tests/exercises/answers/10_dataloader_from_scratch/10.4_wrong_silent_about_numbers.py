"""Refuses without saying what came.

Rejected by: as many samples as indices
Saying: how many were asked for, and how many came
"""


def fetch(dataset, indices):
    at_once = getattr(dataset, "__getitems__", None)
    try:
        samples = at_once(indices) if at_once else [dataset[index] for index in indices]
    except StopIteration as error:
        raise RuntimeError("StopIteration out of the dataset") from error
    if len(samples) != len(indices):
        raise ValueError("the lengths differ")
    return samples
