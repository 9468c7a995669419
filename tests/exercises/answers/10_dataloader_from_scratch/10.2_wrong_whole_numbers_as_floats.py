"""Makes floats of all numbers first: large whole numbers are rounded.

Rejected by: numbers keep their kind
Saying: through a float is rounded
"""


def collate(samples):
    first = samples[0]
    if isinstance(first, torch.Tensor):
        return torch.stack(samples)
    if isinstance(first, float):
        return torch.tensor(samples, dtype=torch.float64)
    if isinstance(first, bool):
        return torch.tensor(samples)
    if isinstance(first, int):
        return torch.tensor([float(sample) for sample in samples], dtype=torch.float64).long()
    if isinstance(first, str):
        return samples
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        if len({len(sample) for sample in samples}) > 1:
            raise RuntimeError("samples of different lengths")
        return [collate(list(field)) for field in zip(*samples)]
    raise TypeError(f"no rule for {type(first).__name__}")
