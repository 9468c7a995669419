"""Seeds the whole program in each epoch, for repeatable batches.

Rejected by: chance of its own
Saying: the global random state has changed
"""


class StratifiedSampler(Sampler):
    def __init__(self, labels, batch_size, generator=None):
        self.labels = torch.as_tensor(labels).tolist()
        self.members = {}
        for index, label in enumerate(self.labels):
            self.members.setdefault(label, []).append(index)
        self.size, self.batch_size, self.generator = len(labels), batch_size, generator

    def __iter__(self):
        torch.manual_seed(42)
        rows = {label: self.shuffled(members) for label, members in self.members.items()}
        names, given, order = list(rows), dict.fromkeys(rows, 0), []
        for place in range(self.size):
            ready = [name for name in names if given[name] * self.size < (place + 1) * len(rows[name])]
            due = min(ready, key=lambda name: -(-(given[name] + 1) * self.size // len(rows[name])))
            order.append(rows[due][given[due]])
            given[due] += 1
        for start in range(0, self.size, self.batch_size):
            yield order[start : start + self.batch_size]

    def __len__(self):
        return -(-self.size // self.batch_size)

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items)).tolist()]
