"""Lets index n through.

Rejected by: exact bounds
Saying: no error
"""


class ListDataset(Dataset):
    def __init__(self, data):
        self.data = data

    def __getitem__(self, index):
        if abs(index) > len(self.data):
            raise IndexError(index)
        return self.data[index % len(self.data)]

    def __len__(self):
        return len(self.data)
