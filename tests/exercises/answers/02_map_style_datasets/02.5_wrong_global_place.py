"""Forgets the generator in one of two calls: the stripe moves with the global state.

Rejected by: nobody else notices
Saying: Does every draw get `generator=generator`?
"""


class StripedImages(Dataset):
    def __init__(self, n, seed=0):
        self.n, self.seed = n, seed

    def __getitem__(self, index):
        if not -self.n <= index < self.n:
            raise IndexError(index)
        position = index % self.n
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + position)
        image = torch.rand(1, 16, 16, generator=generator)
        place = int(torch.randint(16, ()))
        label = position % 2
        (image[0].T if label else image[0])[place] = 1
        return image, label

    def __len__(self):
        return self.n
