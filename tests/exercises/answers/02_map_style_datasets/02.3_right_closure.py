"""Keeps one function in place of dataset and transform: a closure over both."""


class TransformDataset:
    def __init__(self, dataset, transform):
        def read(index):
            value, *rest = dataset[index]
            return (transform(value), *rest)

        self.read, self.length = read, lambda: len(dataset)

    def __getitem__(self, index):
        return self.read(index)

    def __len__(self):
        return self.length()
