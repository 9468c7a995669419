"""Goes on until all classes run out in the same batch.

Rejected by: an epoch ends, and len is exact
Saying: An epoch ends when the largest class has been seen
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
        while True:
            batch = []
            for label, members in self.members.items():
                if len(left[label]) < self.each:
                    fresh = self.shuffled(members)
                    left[label] += sorted(fresh, key=lambda index: index in left[label])
                batch += left[label][: self.each]
                left[label] = left[label][self.each :]
            yield batch
            if not any(left.values()):
                return

    def __len__(self):
        return -(-max(map(len, self.members.values())) // self.each)

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
