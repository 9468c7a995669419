"""Refuses a key that only a later sample has.

Rejected by: tuples, lists and dicts, inside each other
Saying: A further key of a later one is left out
"""


def collate(samples):
    first = samples[0]
    if isinstance(first, torch.Tensor):
        return torch.stack(samples)
    if isinstance(first, float):
        return torch.tensor(samples, dtype=torch.float64)
    if isinstance(first, int):
        return torch.tensor(samples)
    if isinstance(first, str):
        return samples
    if isinstance(first, dict):
        if any(set(sample) != set(first) for sample in samples):
            raise KeyError("the samples have different keys")
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        if len({len(sample) for sample in samples}) > 1:
            raise RuntimeError("samples of different lengths")
        return [collate(list(field)) for field in zip(*samples)]
    raise TypeError(f"no rule for {type(first).__name__}")
