"""Zips the two into a list: that reads every image at once, and drops in silence what has no partner.

Rejected by: images are read one by one, on demand
Saying: Making a dataset reads nothing
"""


class CustomDataset:
    def __init__(self, images, labels):
        self.pairs = list(zip(images, labels))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        return self.pairs[index]
