"""Gives whole shares to each batch, and puts all leftovers into the last ones.

Rejected by: shares off by less than two
Saying: differs from its exact share
"""


class StratifiedSampler(Sampler):
    def __init__(self, labels, batch_size, generator=None):
        self.labels = torch.as_tensor(labels).tolist()
        self.members = {}
        for index, label in enumerate(self.labels):
            self.members.setdefault(label, []).append(index)
        self.size, self.batch_size, self.generator = len(labels), batch_size, generator

    def __iter__(self):
        rows = {label: self.shuffled(members) for label, members in self.members.items()}
        order, batches = [], self.size // self.batch_size
        for _ in range(batches):
            for row, members in zip(rows.values(), self.members.values()):
                share = self.batch_size * len(members) // self.size
                order += row[:share]
                del row[:share]
        order += [index for row in rows.values() for index in row]
        for start in range(0, self.size, self.batch_size):
            yield order[start : start + self.batch_size]

    def __len__(self):
        return -(-self.size // self.batch_size)

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
