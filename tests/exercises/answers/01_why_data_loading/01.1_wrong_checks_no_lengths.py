"""Never compares the lengths: the dataset is as long as its images, the labels run out later.

Rejected by: two lengths that differ are refused
Saying: Compare the lengths in __init__
"""


class CustomDataset:
    def __init__(self, images, labels):
        self.images = images
        self.labels = labels

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self.images[index % len(self)], self.labels[index % len(self)]
