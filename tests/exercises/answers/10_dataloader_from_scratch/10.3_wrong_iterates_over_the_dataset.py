"""Iterates over the dataset as long as nothing is shuffled.

Rejected by: the batches of torch's loader
Saying: `iter(self.dataset)` is something else
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
        if not self.shuffle:
            samples = iter(self.dataset)
            for _ in range(len(self)):
                yield self.collate_fn(list(islice(samples, self.batch_size)))
            return
        order = torch.randperm(len(self.dataset), generator=self.generator).tolist()
        for number in range(len(self)):
            indices = order[number * self.batch_size : (number + 1) * self.batch_size]
            yield self.collate_fn([self.dataset[index] for index in indices])

    def __len__(self):
        size = len(self.dataset)
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)
