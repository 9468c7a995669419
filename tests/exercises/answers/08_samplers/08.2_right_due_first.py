"""Gives each place of the epoch to the class whose next sample is due first."""


class StratifiedSampler(Sampler):
    def __init__(self, labels, batch_size, generator=None):
        self.labels = torch.as_tensor(labels).tolist()
        self.members = {}
        for index, label in enumerate(self.labels):
            self.members.setdefault(label, []).append(index)
        self.size, self.batch_size, self.generator = len(labels), batch_size, generator

    def __iter__(self):
        rows = {label: self.shuffled(members) for label, members in self.members.items()}
        names, given, order = self.shuffled(list(rows)), dict.fromkeys(rows, 0), []
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
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
