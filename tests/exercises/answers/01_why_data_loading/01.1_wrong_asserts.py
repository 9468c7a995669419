"""Checks the lengths with an assert statement, which `python -O` removes.

Rejected by: two lengths that differ are refused
Saying: an assert raises AssertionError
"""


class CustomDataset:
    def __init__(self, images, labels):
        assert len(images) == len(labels), f"{len(images)} images, {len(labels)} labels"
        self.images = images
        self.labels = labels

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self.images[index % len(self)], self.labels[index % len(self)]
