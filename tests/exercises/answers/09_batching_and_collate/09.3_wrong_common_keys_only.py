"""Keeps the keys that all samples have.

Rejected by: the keys of all samples
Saying: every key that any sample has
"""


def metadata_collate(batch):
    first = batch[0][0]
    for position, (image, _) in enumerate(batch):
        if image.shape != first.shape:
            raise ValueError(f"sample {position}: {tuple(image.shape)}, sample 0: {tuple(first.shape)}")
    gathered = {}
    for key in [key for key in batch[0][1] if all(key in known for _, known in batch)]:
        values = [known.get(key) for _, known in batch]
        if all(type(value) is int for value in values):
            gathered[key] = torch.tensor(values)
        elif all(type(value) in (int, float) for value in values):
            gathered[key] = torch.tensor(values, dtype=torch.float64)
        else:
            gathered[key] = values
    return torch.stack([image for image, _ in batch]), gathered
