"""Fills a batch up from the beginning of the new order, which may hold what is in the batch already.

Rejected by: every batch is balanced, nothing twice in it
Saying: No sample comes twice in one batch
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
                while len(left[label]) < self.each:
                    left[label] += self.shuffled(members)
                batch += left[label][: self.each]
                left[label] = left[label][self.each :]
            yield batch

    def __len__(self):
        return -(-max(map(len, self.members.values())) // self.each)

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
