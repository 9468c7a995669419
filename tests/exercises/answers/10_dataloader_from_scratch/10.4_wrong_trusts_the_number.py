"""Does not compare the numbers, as the loaders do not.

Rejected by: as many samples as indices
Saying: a mistake then goes unnoticed
"""


def fetch(dataset, indices):
    at_once = getattr(dataset, "__getitems__", None)
    try:
        return at_once(indices) if at_once else [dataset[index] for index in indices]
    except StopIteration as error:
        raise RuntimeError("StopIteration out of the dataset") from error
