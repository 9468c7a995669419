"""Shuffles the order of the batches: the same samples are always together.

Rejected by: complaint 4: other people's random numbers
Saying: To move whole batches
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
        except StopIteration as error:
            raise RuntimeError("the dataset raised StopIteration") from error

    def __iter__(self):
        size = len(self.dataset)
        batches = [range(size)[start : start + self.batch_size] for start in range(0, size, self.batch_size)]
        if self.shuffle:
            batches = [batches[k] for k in torch.randperm(len(batches), generator=self.generator).tolist()]
        return map(self.load, batches)
