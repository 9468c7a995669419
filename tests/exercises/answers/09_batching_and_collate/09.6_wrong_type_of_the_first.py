"""Lets the first sample decide on the type of all numbers.

Rejected by: complaint 1: floats keep their digits
Saying: the type of the first one does not decide
"""


def repaired_collate(samples):
    """Collate samples into a batch.

    Raises:
        ValueError: if tuples or lists differ in length, or dictionaries in their keys.
        TypeError: if there is a value without a rule.
    """
    first = samples[0]
    if any(sample is None for sample in samples):
        raise TypeError("a sample is None, and there is no rule for None")
    if isinstance(first, torch.Tensor):
        return torch.stack(samples)
    if isinstance(first, np.ndarray | np.number | np.bool_):
        return torch.from_numpy(np.stack(samples))
    if isinstance(first, int | float):
        return torch.tensor(samples, dtype=torch.float64 if isinstance(first, float) else None)
    if isinstance(first, str):
        if not all(isinstance(sample, str) for sample in samples):
            raise TypeError("some samples are texts, others are not")
        return samples
    if isinstance(first, dict):
        if any(sample.keys() != first.keys() for sample in samples):
            raise ValueError(f"the samples have different keys: {[list(sample) for sample in samples]}")
        return {key: repaired_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        if any(len(sample) != len(first) for sample in samples):
            raise ValueError(f"the samples have {[len(sample) for sample in samples]} fields")
        fields = [repaired_collate(list(values)) for values in zip(*samples)]
        return type(first)(*fields) if hasattr(first, "_fields") else fields
    raise TypeError(f"there is no rule for {type(first).__name__}")
