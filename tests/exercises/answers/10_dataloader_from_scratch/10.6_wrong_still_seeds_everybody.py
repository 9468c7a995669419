"""Seeds the whole program in each epoch.

Rejected by: complaint 4: other people's random numbers
Saying: seeds everybody
"""


class RepairedLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, seed=0):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed, self.epoch = seed, 0

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def load(self, indices):
        try:
            return default_collate([self.dataset[index] for index in indices])
        except StopIteration as error:
            raise RuntimeError("StopIteration out of the dataset") from error

    def __iter__(self):
        size = len(self.dataset)
        order = list(range(size))
        if self.shuffle:
            torch.manual_seed(self.seed + 1_000_003 * self.epoch)
            order = torch.randperm(size).tolist()
            self.epoch += 1
        return map(self.load, [order[i : i + self.batch_size] for i in range(0, size, self.batch_size)])
