"""Keeps what it transformed: every epoch then sees the same "random" picture.

Rejected by: every access transforms anew
Saying: a random augmentation must differ between epochs
"""


class TransformDataset(Dataset):
    def __init__(self, dataset, transform):
        self.dataset = dataset
        self.transform = transform
        self.known = {}

    def __getitem__(self, index):
        if index not in self.known:
            value, label = self.dataset[index]
            self.known[index] = self.transform(value), label
        return self.known[index]

    def __len__(self):
        return len(self.dataset)
