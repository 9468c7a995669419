"""Draws every part by itself, so that parts overlap.

Rejected by: every sample in exactly one part
Saying: do not overlap
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
    return [
        Subset(dataset, torch.randperm(total, generator=generator).tolist()[:size])
        for size in sizes_of(lengths, total)
    ]
