"""Holds one generator for the whole dataset: pictures depend on the order of reading.

Rejected by: the same picture in any order
Saying: make one for each access
"""


class StripedImages(Dataset):
    def __init__(self, n, seed=0):
        self.n = n
        self.generator = torch.Generator().manual_seed(seed * 1_000_003)

    def __getitem__(self, index):
        if not -self.n <= index < self.n:
            raise IndexError(index)
        label = index % self.n % 2
        image = torch.rand(1, 16, 16, generator=self.generator)
        place = int(torch.randint(16, (), generator=self.generator))
        (image[0].T if label else image[0])[place] = 1
        return image, label

    def __len__(self):
        return self.n
