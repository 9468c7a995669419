"""Lets a batch sampler of the library cut, and keeps its place by hand."""

from course_lib import BatchSampler, RandomSampler


class OnePass:
    def __init__(self, load, batches):
        self.load, self.batches = load, batches

    def __iter__(self):
        return self

    def __next__(self):
        return self.load(next(self.batches))


class RepairedLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, seed=0):
        self.dataset = dataset
        generator = torch.Generator().manual_seed(seed)
        sampler = RandomSampler(dataset, generator=generator) if shuffle else range(len(dataset))
        self.batch_sampler = BatchSampler(sampler, batch_size, drop_last=False)

    def __len__(self):
        return len(self.batch_sampler)

    def load(self, indices):
        samples = []
        for index in indices:
            try:
                samples.append(self.dataset[index])
            except StopIteration as error:
                raise RuntimeError(f"sample {index} raised StopIteration") from error
        return default_collate(samples)

    def __iter__(self):
        return OnePass(self.load, iter(self.batch_sampler))
