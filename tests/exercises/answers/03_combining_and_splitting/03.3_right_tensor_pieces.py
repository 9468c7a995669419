"""Lets torch cut the permutation, and subsets hold tensors of indices."""


class Subset(Dataset):
    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = torch.as_tensor(indices, dtype=torch.int64)

    def __len__(self):
        return self.indices.numel()

    def __getitem__(self, index):
        return self.dataset[self.indices[index].item()]


def random_split(dataset, lengths, generator=None):
    n = len(dataset)
    if any(length < 0 for length in lengths):
        raise ValueError("A part cannot have fewer than 0 samples.")
    if abs(sum(lengths) - 1) < 1e-9:
        floors = [int(n * fraction) for fraction in lengths]
        rest = n - sum(floors)
        lengths = [size + (place < rest) for place, size in enumerate(floors)]
    if sum(lengths) != n:
        raise ValueError("The lengths do not add up.")
    pieces = torch.randperm(n, generator=generator).split(list(lengths))
    return [Subset(dataset, piece) for piece in pieces]
