"""Does not compare the numbers.

Rejected by: as many samples as indices
Saying: mixes inputs and labels up
"""


def fetch(dataset, indices):
    at_once = getattr(dataset, "__getitems__", None)
    try:
        return at_once(indices) if at_once else [dataset[index] for index in indices]
    except StopIteration as error:
        raise RuntimeError("StopIteration out of the dataset") from error
