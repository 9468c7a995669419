"""Stops when the rarest class has been seen once.

Rejected by: an epoch ends, and len is exact
Saying: ceil(n_largest / samples_per_class)
"""


class BalancedBatchSampler(Sampler):
    def __init__(self, labels, samples_per_class, generator=None):
        self.members = {}
        for index, label in enumerate(torch.as_tensor(labels).tolist()):
            self.members.setdefault(label, []).append(index)
        self.each, self.generator = samples_per_class, generator
        if min(map(len, self.members.values())) < samples_per_class:
            raise ValueError("A class is too small for the batch.")

    def __iter__(self):
        rows = [self.shuffled(members) for members in self.members.values()]
        for number in range(len(self)):
            yield [index for row in rows for index in row[number * self.each : (number + 1) * self.each]]

    def __len__(self):
        return min(map(len, self.members.values())) // self.each

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
