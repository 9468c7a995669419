"""Brings an iteration of its own that hands over to data without an end.

Rejected by: iteration ends
Saying: and then ends
"""


class ListDataset(Dataset):
    def __init__(self, data):
        self.data = data

    def __getitem__(self, index):
        if not -len(self.data) <= index < len(self.data):
            raise IndexError(index)
        return self.data[index % len(self.data)]

    def __iter__(self):
        return iter(self.data)

    def __len__(self):
        return len(self.data)
