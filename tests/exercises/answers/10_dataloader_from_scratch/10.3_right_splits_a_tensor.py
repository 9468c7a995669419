"""Splits a tensor of indices."""


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
        order = torch.randperm(size, generator=self.generator) if self.shuffle else torch.arange(size)
        for indices in order.split(self.batch_size):
            if len(indices) == self.batch_size or (len(indices) and not self.drop_last):
                yield self.collate_fn([self.dataset[index] for index in indices])

    def __len__(self):
        size = len(self.dataset)
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)
