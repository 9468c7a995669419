"""Reads one by one if the batch fetch says NotImplementedError.

Rejected by: no epoch ends unseen, no error changes
Saying: After an error nothing is tried a second time
"""


def fetch(dataset, indices):
    at_once = getattr(dataset, "__getitems__", None)
    try:
        try:
            samples = at_once(indices) if at_once else [dataset[index] for index in indices]
        except NotImplementedError:
            samples = [dataset[index] for index in indices]
    except StopIteration as error:
        raise RuntimeError(f"the dataset raised StopIteration for {indices}") from error
    if len(samples) != len(indices):
        raise ValueError(f"{len(samples)} samples for {len(indices)} indices")
    return samples
