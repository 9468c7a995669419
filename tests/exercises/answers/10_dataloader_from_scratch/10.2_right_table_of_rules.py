"""Keeps the rules in a table that is searched from top to bottom."""


def collate_fields(samples):
    if any(len(sample) != len(samples[0]) for sample in samples):
        raise RuntimeError("samples of different lengths")
    return [collate([sample[place] for sample in samples]) for place in range(len(samples[0]))]


def collate_keys(samples):
    return {key: collate([sample[key] for sample in samples]) for key in samples[0]}


RULES = [
    (torch.Tensor, torch.stack),
    (int, torch.tensor),
    (float, lambda samples: torch.tensor(samples, dtype=torch.double)),
    (str, list),
    (dict, collate_keys),
    ((tuple, list), collate_fields),
]


def collate(samples):
    for kind, rule in RULES:
        if isinstance(samples[0], kind):
            return rule(samples)
    raise TypeError(f"no rule for {type(samples[0])}")
