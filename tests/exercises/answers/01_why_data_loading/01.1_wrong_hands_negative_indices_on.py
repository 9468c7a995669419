"""Refuses what is out of bounds but hands a negative index on to images that cannot count from the end.

Rejected by: negative indices count from the end
Saying: Index -1 is the last sample
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
        if index >= len(self) or index < -len(self):
            raise IndexError(f"index {index} is out of range")
        return self.images[index], self.labels[index]
