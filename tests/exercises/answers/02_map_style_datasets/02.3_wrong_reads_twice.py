"""Reads the sample once for each half.

Rejected by: nothing happens before it is asked for
Saying: 2 reads and 1 calls
"""


class TransformDataset(Dataset):
    def __init__(self, dataset, transform):
        self.dataset = dataset
        self.transform = transform

    def __getitem__(self, index):
        return self.transform(self.dataset[index][0]), self.dataset[index][1]

    def __len__(self):
        return len(self.dataset)
