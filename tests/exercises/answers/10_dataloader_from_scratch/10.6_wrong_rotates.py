"""Begins at a random sample, and goes round.

Rejected by: complaint 4: other people's random numbers
Saying: or to begin elsewhere
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
            raise RuntimeError("the dataset raised StopIteration") from error

    def __iter__(self):
        size = len(self.dataset)
        order = list(range(size))
        if self.shuffle and size:
            first = int(torch.randint(size, (), generator=self.generator))
            order = order[first:] + order[:first]
        batches = [order[start : start + self.batch_size] for start in range(0, size, self.batch_size)]
        return map(self.load, batches)
