"""Does not think of StopIteration.

Rejected by: no epoch ends unseen, no error changes
Saying: would end the epoch unseen
"""


def fetch(dataset, indices):
    at_once = getattr(dataset, "__getitems__", None)
    samples = at_once(indices) if at_once else [dataset[index] for index in indices]
    if len(samples) != len(indices):
        raise ValueError(f"{len(indices)} indices, {len(samples)} samples")
    return samples
