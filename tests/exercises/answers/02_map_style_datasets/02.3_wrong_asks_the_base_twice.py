"""Looks whether the sample is a pair, and reads it again to transform it.

Rejected by: wraps a wrapper
Saying: 4 reads of the base
"""


class TransformDataset(Dataset):
    def __init__(self, dataset, transform):
        self.dataset = dataset
        self.transform = transform

    def __getitem__(self, index):
        if len(self.dataset[index]) != 2:
            raise ValueError("a sample is a pair")
        value, label = self.dataset[index]
        return self.transform(value), label

    def __len__(self):
        return len(self.dataset)
