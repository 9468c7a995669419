"""Splits the work into three small functions."""


def stacked(images):
    for number in range(1, len(images)):
        if images[number].shape != images[0].shape:
            raise ValueError(f"sample {number} has {images[number].shape}, sample 0 {images[0].shape}")
    return torch.stack(images)


def column(values):
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return values
    whole = all(isinstance(value, int) for value in values)
    return torch.tensor(values) if whole else torch.tensor(values, dtype=torch.double)


def metadata_collate(batch):
    keys = []
    for _, known in batch:
        keys += [key for key in known if key not in keys]
    metadata = {key: column([known.get(key) for _, known in batch]) for key in keys}
    return stacked([image for image, _ in batch]), metadata
