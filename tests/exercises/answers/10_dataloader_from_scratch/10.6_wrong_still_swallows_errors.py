"""Skips samples that cannot be read.

Rejected by: complaint 5: the error is heard
Saying: hides the error
"""


class RepairedLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, seed=0):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def load(self, indices):
        samples = []
        for index in indices:
            try:
                sample = self.dataset[index]
            except Exception:
                continue
            samples.append(sample)
        return default_collate(samples)

    def __iter__(self):
        size = len(self.dataset)
        order = torch.randperm(size, generator=self.generator).tolist() if self.shuffle else list(range(size))
        return map(self.load, [order[i : i + self.batch_size] for i in range(0, size, self.batch_size)])
