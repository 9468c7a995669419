"""Reads the whole epoch when a pass begins, and keeps the batches and the errors.

Rejected by: complaint 3: a look in the middle
Saying: a look at one batch does not read an epoch
"""


class RepairedLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, seed=0):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def load(self, indices):
        try:
            return default_collate([self.dataset[index] for index in indices])
        except StopIteration:
            return RuntimeError("the dataset raised StopIteration")
        except Exception as error:
            return error

    def __iter__(self):
        size = len(self.dataset)
        order = torch.randperm(size, generator=self.generator).tolist() if self.shuffle else list(range(size))
        batches = [self.load(order[i : i + self.batch_size]) for i in range(0, size, self.batch_size)]

        def give(batch):
            if isinstance(batch, Exception):
                raise batch
            return batch

        return map(give, batches)
