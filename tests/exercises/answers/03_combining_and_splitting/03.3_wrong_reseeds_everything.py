"""Seeds the whole program, and ignores the generator.

Rejected by: chance is the generator's alone
Saying: keeps the rest of the program's randomness
"""


class Subset(Dataset):
    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = indices

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, index):
        return self.dataset[self.indices[index]]


def sizes_of(lengths, total):
    sizes = list(lengths)
    if min(sizes) >= 0 and math.isclose(sum(sizes), 1):
        sizes = [math.floor(total * fraction) for fraction in sizes]
        for leftover in range(total - sum(sizes)):
            sizes[leftover % len(sizes)] += 1
    if min(sizes) < 0 or sum(sizes) != total:
        raise ValueError("the lengths do not fit")
    return sizes


def random_split(dataset, lengths, generator=None):
    total = len(dataset)
    sizes = sizes_of(lengths, total)
    torch.manual_seed(0)
    order = torch.randperm(total).tolist()
    bounds = itertools.pairwise(itertools.accumulate(sizes, initial=0))
    return [Subset(dataset, order[start:stop]) for start, stop in bounds]
