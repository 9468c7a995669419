"""Checks the lengths with an assert, which is another error, and none at all under -O.

Rejected by: lengths that do not fit
Saying: AssertionError
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
    if math.isclose(sum(sizes), 1):
        sizes = [math.floor(total * fraction) for fraction in sizes]
        for leftover in range(total - sum(sizes)):
            sizes[leftover % len(sizes)] += 1
    assert sum(sizes) == total
    assert min(sizes) >= 0
    order = torch.randperm(total, generator=generator).tolist()
    bounds = itertools.pairwise(itertools.accumulate(sizes, initial=0))
    return [Subset(dataset, order[start:stop]) for start, stop in bounds]
