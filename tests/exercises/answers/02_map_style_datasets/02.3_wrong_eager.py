"""Transforms everything when it is made.

Rejected by: nothing happens before it is asked for
Saying: Deferred computation
"""


class TransformDataset(Dataset):
    def __init__(self, dataset, transform):
        pairs = [dataset[index] for index in range(len(dataset))]
        self.samples = [(transform(value), label) for value, label in pairs]

    def __getitem__(self, index):
        return self.samples[index]

    def __len__(self):
        return len(self.samples)
