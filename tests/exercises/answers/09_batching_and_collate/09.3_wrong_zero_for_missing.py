"""Makes up a 0 where a value is missing.

Rejected by: what is missing shows
Saying: a made-up 0 is an age
"""


def metadata_collate(batch):
    first = batch[0][0]
    for position, (image, _) in enumerate(batch):
        if image.shape != first.shape:
            raise ValueError(f"sample {position}: {tuple(image.shape)}, sample 0: {tuple(first.shape)}")
    gathered = {}
    for key in dict.fromkeys(key for _, known in batch for key in known):
        values = [known.get(key, 0) for _, known in batch]
        if all(type(value) is int for value in values):
            gathered[key] = torch.tensor(values)
        elif all(type(value) in (int, float) for value in values):
            gathered[key] = torch.tensor(values, dtype=torch.float64)
        else:
            gathered[key] = values
    return torch.stack([image for image, _ in batch]), gathered
