"""Keeps one iterator over the indices: after an error it goes on in the middle of the batch.

Rejected by: complaint 5: the error is heard
Saying: from its first sample on
"""


class OnePass:
    def __init__(self, loader, order):
        self.loader, self.indices = loader, iter(order)
        loader.epoch += 1

    def __iter__(self):
        return self

    def __next__(self):
        samples = []
        for index in self.indices:
            try:
                samples.append(self.loader.dataset[index])
            except StopIteration as error:
                raise RuntimeError("the dataset raised StopIteration") from error
            if len(samples) == self.loader.batch_size:
                break
        if not samples:
            raise StopIteration
        return default_collate(samples)


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
