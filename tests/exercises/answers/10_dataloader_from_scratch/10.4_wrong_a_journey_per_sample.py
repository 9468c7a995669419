"""Calls the batch fetch for each index by itself.

Rejected by: one journey for a batch
Saying: outside of every loop
"""


def fetch(dataset, indices):
    at_once = getattr(dataset, "__getitems__", None)
    try:
        samples = (
            [at_once([index])[0] for index in indices] if at_once else [dataset[index] for index in indices]
        )
    except StopIteration as error:
        raise RuntimeError("StopIteration out of the dataset") from error
    if len(samples) != len(indices):
        raise ValueError(f"{len(indices)} indices, {len(samples)} samples")
    return samples
