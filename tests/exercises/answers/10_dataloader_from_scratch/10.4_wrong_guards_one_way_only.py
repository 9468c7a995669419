"""Catches StopIteration where it reads one by one, and not around the batch fetch.

Rejected by: no epoch ends unseen, no error changes
Saying: Put both ways of reading into the `try`
"""


def fetch(dataset, indices):
    at_once = getattr(dataset, "__getitems__", None)
    if at_once:
        samples = at_once(indices)
        if len(samples) != len(indices):
            raise ValueError(f"{len(indices)} indices, {len(samples)} samples")
        return samples
    try:
        return [dataset[index] for index in indices]
    except StopIteration as error:
        raise RuntimeError("StopIteration out of the dataset") from error
