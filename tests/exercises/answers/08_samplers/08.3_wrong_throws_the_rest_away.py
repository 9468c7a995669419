"""Starts a class over as soon as what is left does not fill a batch.

Rejected by: within a class equally often
Saying: the counts of two samples differ by one at most
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
        left = {label: [] for label in self.members}
        for _ in range(len(self)):
            batch = []
            for label, members in self.members.items():
                if len(left[label]) < self.each:
                    left[label] = self.shuffled(members)
                batch += left[label][: self.each]
                left[label] = left[label][self.each :]
            yield batch

    def __len__(self):
        return -(-max(map(len, self.members.values())) // self.each)

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
