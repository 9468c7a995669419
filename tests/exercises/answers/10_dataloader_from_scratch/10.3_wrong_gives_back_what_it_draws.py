"""Puts the global random state back after each draw, so that all epochs are alike.

Rejected by: the generator decides, and nobody else notices
Saying: Without a generator, too, every epoch
"""


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
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.generator = generator
        self.collate_fn = collate_fn

    def __iter__(self):
        size = len(self.dataset)
        order = range(size)
        if self.shuffle:
            with torch.random.fork_rng():
                order = torch.randperm(size, generator=self.generator).tolist()
        for start in range(0, size, self.batch_size):
            indices = order[start : start + self.batch_size]
            if len(indices) == self.batch_size or not self.drop_last:
                yield self.collate_fn([self.dataset[index] for index in indices])

    def __len__(self):
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole if self.drop_last or rest == 0 else whole + 1
