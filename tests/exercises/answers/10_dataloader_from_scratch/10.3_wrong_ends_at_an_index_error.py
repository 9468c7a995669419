"""Reads until an IndexError says that the dataset is over.

Rejected by: the batches of torch's loader
Saying: takes the error for the end of the epoch
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
            samples = []
            for index in order[number * self.batch_size : (number + 1) * self.batch_size]:
                try:
                    samples.append(self.dataset[index])
                except IndexError:
                    return
            yield self.collate_fn(samples)

    def __len__(self):
        size = len(self.dataset)
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)
