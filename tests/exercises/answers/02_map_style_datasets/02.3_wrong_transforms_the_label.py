"""Transforms both halves of the pair.

Rejected by: changes the input, keeps the label
Saying: (transform(input), label)
"""


class TransformDataset(Dataset):
    def __init__(self, dataset, transform):
        self.dataset = dataset
        self.transform = transform

    def __getitem__(self, index):
        return tuple(self.transform(field) for field in self.dataset[index])

    def __len__(self):
        return len(self.dataset)
