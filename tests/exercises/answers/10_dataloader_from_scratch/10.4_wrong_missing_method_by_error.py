"""Calls the method, and takes any AttributeError for a sign that there is none.

Rejected by: no epoch ends unseen, no error changes
Saying: After an error nothing is tried a second time
"""


def fetch(dataset, indices):
    try:
        try:
            samples = dataset.__getitems__(indices)
        except AttributeError:
            samples = [dataset[index] for index in indices]
    except StopIteration as error:
        raise RuntimeError("a dataset must not raise StopIteration") from error
    if len(samples) != len(indices):
        raise ValueError(f"{len(samples)} samples for {len(indices)} indices")
    return samples
