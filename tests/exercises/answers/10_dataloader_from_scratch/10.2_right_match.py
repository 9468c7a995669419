"""Chooses the rule with match, and lets zip check the lengths."""


def collate(samples):
    match samples[0]:
        case torch.Tensor():
            return torch.stack(list(samples), dim=0)
        case bool():
            return torch.tensor(samples, dtype=torch.bool)
        case int():
            return torch.tensor(samples, dtype=torch.int64)
        case float():
            return torch.tensor(samples, dtype=torch.float64)
        case str():
            return list(samples)
        case dict() as first:
            return {key: collate([sample[key] for sample in samples]) for key in first}
        case tuple() | list():
            try:
                return tuple(collate(field) for field in zip(*samples, strict=True))
            except ValueError as error:
                raise RuntimeError(f"samples of different lengths: {error}") from error
    raise TypeError(f"no rule for {samples[0]!r}")
