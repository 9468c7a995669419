"""A function with yield: the error comes, and nothing after it.

Rejected by: complaint 5: the error is heard
Saying: a function with `yield` is over after an error
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
            return default_collate([self.dataset[index] for index in indices])
        except StopIteration as error:
            raise RuntimeError("StopIteration out of the dataset") from error

    def __iter__(self):
        size = len(self.dataset)
        order = torch.randperm(size, generator=self.generator).tolist() if self.shuffle else list(range(size))
        for start in range(0, size, self.batch_size):
            yield self.load(order[start : start + self.batch_size])
