"""Counts the passes, and gives each a generator and a place of its own."""


class Pass:
    def __init__(self, loader, order):
        self.loader = loader
        self.order = iter(order)

    def __iter__(self):
        return self

    def __next__(self):
        indices = list(islice(self.order, self.loader.batch_size))
        if not indices:
            raise StopIteration
        samples = []
        for index in indices:
            try:
                samples.append(self.loader.dataset[index])
            except StopIteration:
                raise RuntimeError(f"sample {index} raised StopIteration") from None
        return default_collate(samples)


class RepairedLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, seed=0):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.passes = 0

    def __len__(self):
        return (len(self.dataset) + self.batch_size - 1) // self.batch_size

    def __iter__(self):
        order = range(len(self.dataset))
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed + self.passes)
            self.passes += 1
            order = torch.randperm(len(order), generator=generator).tolist()
        return Pass(self, order)
