"""Adds a list to the lengths, so that a tuple of lengths ends in a TypeError.

Rejected by: lengths that do not fit
Saying: TypeError
"""


class Subset(Dataset):
    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = indices

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, index):
        return self.dataset[self.indices[index]]


def random_split(dataset, lengths, generator=None):
    total = len(dataset)
    if min(lengths) >= 0 and math.isclose(sum(lengths), 1):
        lengths = [math.floor(total * fraction) for fraction in lengths]
        for leftover in range(total - sum(lengths)):
            lengths[leftover % len(lengths)] += 1
    starts = itertools.accumulate([0] + lengths[:-1])  # noqa: RUF005
    if min(lengths) < 0 or sum(lengths) != total:
        raise ValueError("the lengths do not fit")
    order = torch.randperm(total, generator=generator).tolist()
    return [Subset(dataset, order[start : start + length]) for start, length in zip(starts, lengths)]
