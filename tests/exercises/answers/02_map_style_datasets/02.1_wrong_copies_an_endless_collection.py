"""Copies the data with list(), which never ends for data that answers any index.

Rejected by: nothing is read before it is asked for
Saying: `list(data)` reads everything: keep `data` itself
"""


class ListDataset(Dataset):
    def __init__(self, data):
        self.data = list(data)

    def __getitem__(self, index):
        if not -len(self.data) <= index < len(self.data):
            raise IndexError(index)
        return self.data[index]

    def __len__(self):
        return len(self.data)
