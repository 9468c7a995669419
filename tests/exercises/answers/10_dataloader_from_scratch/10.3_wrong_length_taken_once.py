"""Its epochs have the size that the dataset had at first.

Rejected by: a length without reading
Saying: follows a dataset that grows
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
        self.size = len(dataset)

    def __iter__(self):
        size = self.size
        order = torch.randperm(size, generator=self.generator).tolist() if self.shuffle else range(size)
        for start in range(0, size, self.batch_size):
            indices = order[start : start + self.batch_size]
            if len(indices) == self.batch_size or not self.drop_last:
                yield self.collate_fn([self.dataset[index] for index in indices])

    def __len__(self):
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole if self.drop_last or rest == 0 else whole + 1
