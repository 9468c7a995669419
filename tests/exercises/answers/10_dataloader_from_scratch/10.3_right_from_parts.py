"""Joins a sampler, a batch sampler and a map; it draws a seed for each epoch."""

from torch.utils.data import BatchSampler, SequentialSampler


class SeededOrder:
    def __init__(self, dataset, generator):
        self.dataset, self.generator = dataset, generator

    def __iter__(self):
        seed = int(torch.randint(2**62, (), generator=self.generator))
        yield from torch.randperm(len(self.dataset), generator=torch.Generator().manual_seed(seed)).tolist()

    def __len__(self):
        return len(self.dataset)


class MiniLoader:
    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=False,
        drop_last=False,
        generator=None,
        collate_fn=default_collate,
    ):
        self.dataset, self.collate_fn = dataset, collate_fn
        sampler = SeededOrder(dataset, generator) if shuffle else SequentialSampler(dataset)
        self.batch_sampler = BatchSampler(sampler, batch_size, drop_last)

    def __iter__(self):
        return map(self.load, self.batch_sampler)

    def load(self, indices):
        return self.collate_fn([self.dataset[index] for index in indices])

    def __len__(self):
        return len(self.batch_sampler)
