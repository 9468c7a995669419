"""Lets a strict zip compare the lengths."""


def collate(samples):
    first = samples[0]
    if isinstance(first, torch.Tensor):
        return torch.stack(samples)
    if isinstance(first, str):
        return list(samples)
    if isinstance(first, bool | int):
        return torch.tensor(samples)
    if isinstance(first, float):
        return torch.tensor(samples, dtype=torch.float64)
    if isinstance(first, dict):
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        try:
            columns = list(zip(*samples, strict=True))
        except ValueError as error:
            raise RuntimeError("samples of different lengths") from error
        return [collate(column) for column in columns]
    raise TypeError(f"no rule for {type(first).__name__}")
