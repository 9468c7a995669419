"""Makes lists of named tuples.

Rejected by: complaint 2: named tuples keep their names
Saying: a named tuple of the same type
"""


def repaired_collate(samples):
    first = samples[0]
    if any(sample is None for sample in samples):
        raise TypeError("a sample is None")
    if isinstance(first, torch.Tensor):
        return torch.stack(samples)
    if isinstance(first, np.ndarray | np.number | np.bool_):
        return torch.from_numpy(np.stack(samples))
    if isinstance(first, float):
        return torch.tensor(samples, dtype=torch.float64)
    if isinstance(first, int):
        return torch.tensor(samples)
    if isinstance(first, str):
        return samples
    if isinstance(first, dict):
        if any(sample.keys() != first.keys() for sample in samples):
            raise ValueError("different keys")
        return {key: repaired_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        if any(len(sample) != len(first) for sample in samples):
            raise ValueError("different lengths")
        fields = [repaired_collate(list(values)) for values in zip(*samples)]
        return fields
    raise TypeError(f"no rule for {type(first).__name__}")
