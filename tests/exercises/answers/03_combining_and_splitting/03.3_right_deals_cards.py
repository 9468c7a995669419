"""Takes the indices of the permutation one by one, as from a pack of cards."""


class Subset(Dataset):
    def __init__(self, dataset, indices):
        self.read = dataset.__getitem__
        self.indices = tuple(indices)

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, position):
        return self.read(self.indices[position])


def random_split(dataset, lengths, generator=None):
    n = len(dataset)
    fractions = math.isclose(sum(lengths), 1)
    sizes = [math.floor(n * length) if fractions else length for length in lengths]
    turn = 0
    while fractions and sum(sizes) < n:
        sizes[turn % len(sizes)] += 1
        turn += 1
    if sum(sizes) != n or any(size < 0 for size in sizes):
        raise ValueError("These lengths do not share out the samples.")
    pack = iter(torch.randperm(n, generator=generator).tolist())
    return [Subset(dataset, itertools.islice(pack, size)) for size in sizes]
