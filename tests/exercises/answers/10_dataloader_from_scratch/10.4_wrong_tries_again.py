"""Takes any failure of the batch fetch for its absence, and reads one by one.

Rejected by: no epoch ends unseen, no error changes
Saying: After an error nothing is tried a second time
"""


def fetch(dataset, indices):
    try:
        try:
            samples = dataset.__getitems__(indices)
        except Exception:
            samples = [dataset[index] for index in indices]
    except StopIteration as error:
        raise RuntimeError("StopIteration out of the dataset") from error
    if len(samples) != len(indices):
        raise ValueError(f"{len(indices)} indices, {len(samples)} samples")
    return samples
