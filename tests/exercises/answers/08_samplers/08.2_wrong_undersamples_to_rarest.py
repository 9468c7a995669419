"""Takes equally many of each class and stops when the rarest has run out.

Rejected by: every index once
Saying: undersampling to the rarest class is another sampler
"""


class StratifiedSampler(Sampler):
    def __init__(self, labels, batch_size, generator=None):
        self.labels = torch.as_tensor(labels).tolist()
        self.members = {}
        for index, label in enumerate(self.labels):
            self.members.setdefault(label, []).append(index)
        self.size, self.batch_size, self.generator = len(labels), batch_size, generator

    def __iter__(self):
        rows = [self.shuffled(members) for members in self.members.values()]
        each = max(1, self.batch_size // len(rows))
        for start in range(0, min(map(len, rows)) - each + 1, each):
            yield [index for row in rows for index in row[start : start + each]]

    def __len__(self):
        return -(-self.size // self.batch_size)

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
