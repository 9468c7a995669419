"""Checks the bounds, but hands a negative index to data that may know none.

Rejected by: negative indices count from the end
Saying: no such position
"""


class ListDataset(Dataset):
    def __init__(self, data):
        self.data = data

    def __getitem__(self, index):
        if not -len(self.data) <= index < len(self.data):
            raise IndexError(index)
        return self.data[index]

    def __len__(self):
        return len(self.data)
