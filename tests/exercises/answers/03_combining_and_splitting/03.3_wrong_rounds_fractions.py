"""Rounds the fractions to the nearest size, whose sum may be another number.

Rejected by: fractions, and who gets the rest
Saying: share rounded down
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
    sizes = list(lengths)
    fractions = min(sizes) >= 0 and math.isclose(sum(sizes), 1)
    if fractions:
        sizes = [round(total * fraction) for fraction in sizes]
    elif min(sizes) < 0 or sum(sizes) != total:
        raise ValueError("the lengths do not fit")
    order = torch.randperm(total, generator=generator).tolist()
    bounds = itertools.pairwise(itertools.accumulate(sizes, initial=0))
    return [Subset(dataset, order[start:stop]) for start, stop in bounds]
