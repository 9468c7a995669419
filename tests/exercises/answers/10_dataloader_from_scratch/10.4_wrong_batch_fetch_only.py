"""Takes the method for granted.

Rejected by: single reads, each once, in order
Saying: go the long way if it is not there
"""


def fetch(dataset, indices):
    try:
        samples = dataset.__getitems__(indices)
    except StopIteration as error:
        raise RuntimeError("StopIteration out of the dataset") from error
    if len(samples) != len(indices):
        raise ValueError(f"{len(indices)} indices, {len(samples)} samples")
    return samples
