"""Keeps a queue for each class, and puts what is drawn too early back to its end."""


class BalancedBatchSampler(Sampler):
    def __init__(self, labels, samples_per_class, generator=None):
        self.members = {}
        for index, label in enumerate(torch.as_tensor(labels).tolist()):
            self.members.setdefault(label, []).append(index)
        self.each, self.generator = samples_per_class, generator
        if min(map(len, self.members.values())) < samples_per_class:
            raise ValueError("A class is too small for the batch.")

    def __iter__(self):
        queues = {label: deque() for label in self.members}
        for _ in range(len(self)):
            batch = []
            for label, queue in queues.items():
                mine = []
                while len(mine) < self.each:
                    if not queue:
                        queue.extend(self.shuffled(self.members[label]))
                    index = queue.popleft()
                    if index in mine:
                        queue.append(index)
                    else:
                        mine.append(index)
                batch += mine
            yield batch

    def __len__(self):
        return -(-max(map(len, self.members.values())) // self.each)

    def shuffled(self, items):
        return [items[place] for place in torch.randperm(len(items), generator=self.generator).tolist()]
