"""Has the next batch ready before it is asked for.

Rejected by: complaint 3: a look in the middle
Saying: read when that batch is asked for
"""


class Pass:
    def __init__(self, loader, batches):
        self.loader = loader
        self.batches = iter(batches)
        self.ahead = None
        self.load_next()

    def __iter__(self):
        return self

    def load_next(self):
        indices = next(self.batches, None)
        if indices is None:
            self.ahead = None
            return
        try:
            self.ahead = default_collate([self.loader.dataset[index] for index in indices])
        except StopIteration:
            self.ahead = RuntimeError("the dataset raised StopIteration")
        except Exception as error:
            self.ahead = error

    def __next__(self):
        batch = self.ahead
        if batch is None:
            raise StopIteration
        self.load_next()
        if isinstance(batch, Exception):
            raise batch
        return batch


class RepairedLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, seed=0):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        size = len(self.dataset)
        order = torch.randperm(size, generator=self.generator).tolist() if self.shuffle else list(range(size))
        return Pass(self, [order[i : i + self.batch_size] for i in range(0, size, self.batch_size)])
