"""Shuffles the order of the batches: the same samples are always together.

Rejected by: a new order in every epoch
Saying: To move whole batches
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
        starts = list(range(0, size, self.batch_size))
        if self.shuffle:
            starts = [starts[k] for k in torch.randperm(len(starts), generator=self.generator).tolist()]
        for start in starts:
            indices = range(start, min(start + self.batch_size, size))
            if len(indices) == self.batch_size or not self.drop_last:
                yield self.collate_fn([self.dataset[index] for index in indices])

    def __len__(self):
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole if self.drop_last or rest == 0 else whole + 1
