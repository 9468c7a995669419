"""Puts the same samples together in every epoch, and shuffles the batches.

Rejected by: chance picks who comes together
Saying: the same groups
"""


class StratifiedSampler(Sampler):
    def __init__(self, labels, batch_size, generator=None):
        self.labels = torch.as_tensor(labels).tolist()
        self.members = {}
        for index, label in enumerate(self.labels):
            self.members.setdefault(label, []).append(index)
        self.size, self.batch_size, self.generator = len(labels), batch_size, generator

    def __iter__(self):
        names, given, order = list(self.members), dict.fromkeys(self.members, 0), []
        for place in range(self.size):
            ready = [
                name for name in names if given[name] * self.size < (place + 1) * len(self.members[name])
            ]
            due = min(ready, key=lambda name: -(-(given[name] + 1) * self.size // len(self.members[name])))
            order.append(self.members[due][given[due]])
            given[due] += 1
        batches = [order[start : start + self.batch_size] for start in range(0, self.size, self.batch_size)]
        short = [batches.pop()] if self.size % self.batch_size else []
        yield from self.shuffled(batches) + short

    def __len__(self):
        return -(-self.size // self.batch_size)

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
