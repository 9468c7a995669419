"""Opens a column of Nones for each new key and fills in what is known."""


def metadata_collate(batch):
    images, everything = zip(*batch)
    odd = [number for number, image in enumerate(images) if image.shape != images[0].shape]
    if odd:
        shapes = [list(images[number].shape) for number in (odd[0], 0)]
        raise ValueError(f"image {odd[0]} is {shapes[0]}, and image 0 is {shapes[1]}")
    columns = {}
    for number, known in enumerate(everything):
        for key, value in known.items():
            columns.setdefault(key, [None] * len(batch))[number] = value
    for key, values in columns.items():
        kinds = {type(value) for value in values}
        if kinds <= {int, float}:
            columns[key] = torch.tensor(values, dtype=torch.int64 if kinds == {int} else torch.float64)
    return torch.stack(images), columns
