"""Makes a RuntimeError of an IndexError, too.

Rejected by: no epoch ends unseen, no error changes
Saying: Any other error passes as it is
"""


def fetch(dataset, indices):
    at_once = getattr(dataset, "__getitems__", None)
    try:
        samples = at_once(indices) if at_once else [dataset[index] for index in indices]
    except (StopIteration, IndexError) as error:
        raise RuntimeError(f"the dataset failed for {indices}") from error
    if len(samples) != len(indices):
        raise ValueError(f"{len(samples)} samples for {len(indices)} indices")
    return samples
