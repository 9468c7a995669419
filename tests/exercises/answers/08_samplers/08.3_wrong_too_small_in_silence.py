"""Takes what there is of a class that is too small.

Rejected by: a class that is too small
Saying: no error
"""


class BalancedBatchSampler(Sampler):
    def __init__(self, labels, samples_per_class, generator=None):
        self.members = {}
        for index, label in enumerate(torch.as_tensor(labels).tolist()):
            self.members.setdefault(label, []).append(index)
        self.each, self.generator = samples_per_class, generator

    def __iter__(self):
        times = {index: 0 for members in self.members.values() for index in members}
        for _ in range(len(self)):
            batch = []
            for members in self.members.values():
                batch += sorted(self.shuffled(members), key=times.get)[: self.each]
            for index in batch:
                times[index] += 1
            yield batch

    def __len__(self):
        return -(-max(map(len, self.members.values())) // self.each)

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
