"""Never looks for the batch fetch.

Rejected by: one journey for a batch
Saying: called once with all indices
"""


def fetch(dataset, indices):
    try:
        samples = [dataset[index] for index in indices]
    except StopIteration as error:
        raise RuntimeError("StopIteration out of the dataset") from error
    if len(samples) != len(indices):
        raise ValueError(f"{len(indices)} indices, {len(samples)} samples")
    return samples
