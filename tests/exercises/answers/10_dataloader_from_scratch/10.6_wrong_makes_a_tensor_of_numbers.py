"""Makes a tensor of the samples, which must be numbers.

Rejected by: complaint 2: every sample counts once
Saying: default_collate makes a batch
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
        try:
            return torch.tensor([self.dataset[index] for index in indices])
        except StopIteration as error:
            raise RuntimeError("the dataset raised StopIteration") from error

    def __iter__(self):
        size = len(self.dataset)
        order = torch.randperm(size, generator=self.generator).tolist() if self.shuffle else list(range(size))
        return map(self.load, [order[i : i + self.batch_size] for i in range(0, size, self.batch_size)])
