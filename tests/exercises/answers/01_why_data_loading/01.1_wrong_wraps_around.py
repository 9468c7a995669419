"""Takes every index modulo the length, so that no index is ever too large.

Rejected by: an index past either end raises IndexError
Saying: no error
"""


class CustomDataset:
    def __init__(self, images, labels):
        if len(images) != len(labels):
            raise ValueError(f"{len(images)} images, but {len(labels)} labels")
        self.images = images
        self.labels = labels

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        position = index % len(self)
        return self.images[position], self.labels[position]
