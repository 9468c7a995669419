"""Writes the rules down with match, and lets zip be strict."""


def repaired_collate(samples):
    if None in [type(sample) if sample is not None else None for sample in samples]:
        raise TypeError("None has no rule")
    match samples[0]:
        case torch.Tensor():
            return torch.stack(samples)
        case np.ndarray() | np.generic():
            return torch.as_tensor(np.array(samples))
        case bool() | int() | float():
            return torch.tensor(samples, dtype=torch.double if float in map(type, samples) else None)
        case str() if all(isinstance(sample, str) for sample in samples):
            return list(samples)
        case dict() as first:
            for sample in samples:
                if set(sample) != set(first):
                    raise ValueError(f"keys {list(sample)} and {list(first)}")
            return {key: repaired_collate([sample[key] for sample in samples]) for key in first}
        case tuple() | list() as first:
            fields = [repaired_collate(list(field)) for field in zip(*samples, strict=True)]
            return first._make(fields) if hasattr(first, "_make") else fields
        case other:
            raise TypeError(f"{type(other)} has no rule")
