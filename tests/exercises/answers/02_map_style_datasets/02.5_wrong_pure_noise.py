"""Makes noise and calls it data: there is nothing to learn in it.

Rejected by: a stripe that fits the label
Saying: 0 full rows and 0 full columns
"""


class StripedImages(Dataset):
    def __init__(self, n, seed=0):
        self.n, self.seed = n, seed

    def __getitem__(self, index):
        if not -self.n <= index < self.n:
            raise IndexError(index)
        position = index % self.n
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + position)
        return torch.rand(1, 16, 16, generator=generator), position % 2

    def __len__(self):
        return self.n
