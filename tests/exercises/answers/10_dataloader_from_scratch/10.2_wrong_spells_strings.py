"""Takes a string for a list of letters.

Rejected by: strings stay strings
Saying: it is no list of fields
"""


def collate(samples):
    first = samples[0]
    if isinstance(first, torch.Tensor):
        return torch.stack(samples)
    if isinstance(first, float):
        return torch.tensor(samples, dtype=torch.float64)
    if isinstance(first, int):
        return torch.tensor(samples)
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if first is None:
        raise TypeError("None")
    if len({len(sample) for sample in samples}) > 1:
        raise RuntimeError("samples of different lengths")
    return [collate(list(field)) if len(first) > 1 else list(field) for field in zip(*samples)]
