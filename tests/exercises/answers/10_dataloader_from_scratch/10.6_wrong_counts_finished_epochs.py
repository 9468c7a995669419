"""Counts an epoch when it is over: after a break the same order comes again.

Rejected by: complaint 4: other people's random numbers
Saying: also after one that was left early
"""


class OnePass:
    def __init__(self, loader, order):
        self.loader, self.order, self.position = loader, order, 0

    def __iter__(self):
        return self

    def __next__(self):
        size = self.loader.batch_size
        indices = self.order[self.position : self.position + size]
        self.position += size
        if not indices:
            self.loader.epoch += 1
            raise StopIteration
        try:
            return default_collate([self.loader.dataset[index] for index in indices])
        except StopIteration as error:
            raise RuntimeError("the dataset raised StopIteration") from error


class RepairedLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, seed=0):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = 0

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        order = list(range(len(self.dataset)))
        if self.shuffle:
            generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.epoch)
            order = torch.randperm(len(order), generator=generator).tolist()
        return OnePass(self, order)
