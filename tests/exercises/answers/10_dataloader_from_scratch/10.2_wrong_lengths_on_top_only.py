"""Compares the lengths of the samples, but not of what is inside them.

Rejected by: refuses what cannot be right
Saying: on every level
"""


def collate(samples, inside=False):
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
        return {key: collate([sample[key] for sample in samples], True) for key in first}
    if isinstance(first, tuple | list):
        if not inside and len({len(sample) for sample in samples}) > 1:
            raise RuntimeError("samples of different lengths")
        return [collate(list(field), True) for field in zip(*samples)]
    raise TypeError(f"no rule for {type(first).__name__}")
