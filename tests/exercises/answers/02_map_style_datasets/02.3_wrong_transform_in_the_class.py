"""Keeps the transform in the class, which all of its objects share.

Rejected by: one base, two transforms
Saying: not in the class
"""


class TransformDataset(Dataset):
    def __init__(self, dataset, transform):
        self.dataset = dataset
        type(self).transform = staticmethod(transform)

    def __getitem__(self, index):
        value, label = self.dataset[index]
        return self.transform(value), label

    def __len__(self):
        return len(self.dataset)
