"""Ties the transform to the data: whoever wraps last decides for everybody.

Rejected by: one base, two transforms
Saying: The transform belongs to the wrapper
"""


class TransformDataset(Dataset):
    def __init__(self, dataset, transform):
        self.dataset = dataset
        try:
            dataset.transform = transform
        except AttributeError:
            self.transform = transform

    def __getitem__(self, index):
        value, label = self.dataset[index]
        transform = getattr(self, "transform", None) or self.dataset.transform
        return transform(value), label

    def __len__(self):
        return len(self.dataset)
