"""Inherits from nothing: the contract is a protocol, two methods are enough."""


class ListDataset:
    def __init__(self, data):
        self.data = data

    def __getitem__(self, index):
        if index < 0:
            index += len(self.data)
        if index < 0 or index >= len(self.data):
            raise IndexError(f"no sample {index}")
        return self.data[index]

    def __len__(self):
        return len(self.data)
