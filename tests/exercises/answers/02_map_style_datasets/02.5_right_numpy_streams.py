"""Draws with NumPy, whose generators take a list of numbers as a seed."""

import numpy as np


class StripedImages(Dataset):
    def __init__(self, n, seed=0):
        self.n, self.seed = n, seed

    def __getitem__(self, index):
        position = index + self.n if index < 0 else index
        if not 0 <= position < self.n:
            raise IndexError(f"no sample {index}")
        random = np.random.default_rng([self.seed, position])
        image = torch.from_numpy(random.random((1, 16, 16), dtype=np.float32))
        line = image[0, random.integers(16)] if position % 2 == 0 else image[0, :, random.integers(16)]
        line.fill_(1)
        return image, position % 2

    def __len__(self):
        return self.n
