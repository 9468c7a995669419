"""Makes a RuntimeError of every error.

Rejected by: no epoch ends unseen, no error changes
Saying: `except Exception` catches too much
"""


def fetch(dataset, indices):
    at_once = getattr(dataset, "__getitems__", None)
    try:
        samples = at_once(indices) if at_once else [dataset[index] for index in indices]
    except Exception as error:
        raise RuntimeError("StopIteration out of the dataset") from error
    if len(samples) != len(indices):
        raise ValueError(f"{len(indices)} indices, {len(samples)} samples")
    return samples
