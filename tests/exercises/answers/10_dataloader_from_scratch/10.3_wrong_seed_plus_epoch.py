"""Takes the generator's first seed, and counts epochs: the generator itself never moves.

Rejected by: the generator decides, and nobody else notices
Saying: its state moves on, so that whoever
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
        self.epoch = 0

    def __iter__(self):
        size = len(self.dataset)
        order = range(size)
        if self.shuffle:
            generator = self.generator
            if generator is not None:
                generator = torch.Generator().manual_seed(generator.initial_seed() + self.epoch)
            order = torch.randperm(size, generator=generator).tolist()
            self.epoch += 1
        for start in range(0, size, self.batch_size):
            indices = order[start : start + self.batch_size]
            if len(indices) == self.batch_size or not self.drop_last:
                yield self.collate_fn([self.dataset[index] for index in indices])

    def __len__(self):
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole if self.drop_last or rest == 0 else whole + 1
