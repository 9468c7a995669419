"""Writes the pass as a class; it takes the indices before it reads."""


class OnePass:
    def __init__(self, dataset, order, batch_size):
        self.dataset, self.order, self.batch_size = dataset, order, batch_size
        self.position = 0

    def __iter__(self):
        return self

    def __next__(self):
        indices = self.order[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        if not indices:
            raise StopIteration
        try:
            samples = [self.dataset[index] for index in indices]
        except StopIteration:
            raise RuntimeError(f"sample out of {indices} raised StopIteration") from None
        return default_collate(samples)


class RepairedLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, seed=0):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = 0

    def __len__(self):
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0)

    def __iter__(self):
        order = list(range(len(self.dataset)))
        if self.shuffle:
            generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.epoch)
            order = torch.randperm(len(order), generator=generator).tolist()
            self.epoch += 1
        return OnePass(self.dataset, order, self.batch_size)
