"""Leaves the shapes to torch.stack, whose error names no sample.

Rejected by: mixed image sizes are named
Saying: RuntimeError
"""


def metadata_collate(batch):
    gathered = {}
    for key in dict.fromkeys(key for _, known in batch for key in known):
        values = [known.get(key) for _, known in batch]
        if all(type(value) is int for value in values):
            gathered[key] = torch.tensor(values)
        elif all(type(value) in (int, float) for value in values):
            gathered[key] = torch.tensor(values, dtype=torch.float64)
        else:
            gathered[key] = values
    return torch.stack([image for image, _ in batch]), gathered
