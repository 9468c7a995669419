"""Skips a batch that cannot be read.

Rejected by: the batches of torch's loader
Saying: What the dataset raises comes out of the loader
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
        order = torch.randperm(size, generator=self.generator).tolist() if self.shuffle else list(range(size))
        for number in range(len(self)):
            indices = order[number * self.batch_size : (number + 1) * self.batch_size]
            try:
                yield self.collate_fn([self.dataset[index] for index in indices])
            except Exception:
                continue

    def __len__(self):
        size = len(self.dataset)
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)
