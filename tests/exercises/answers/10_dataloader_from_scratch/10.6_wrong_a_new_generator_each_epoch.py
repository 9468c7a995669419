"""Makes the generator anew in each epoch: all epochs alike.

Rejected by: complaint 4: other people's random numbers
Saying: gives the same order each time
"""


class RepairedLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, seed=0):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def load(self, indices):
        try:
            return default_collate([self.dataset[index] for index in indices])
        except StopIteration as error:
            raise RuntimeError("StopIteration out of the dataset") from error

    def __iter__(self):
        size = len(self.dataset)
        order = (
            torch.randperm(size, generator=torch.Generator().manual_seed(self.seed)).tolist()
            if self.shuffle
            else list(range(size))
        )
        return map(self.load, [order[i : i + self.batch_size] for i in range(0, size, self.batch_size)])
