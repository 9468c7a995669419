"""Lets a range do the arithmetic: it knows bounds and negative indices."""


class ListDataset(Dataset):
    def __init__(self, data):
        self.data = data
        self.positions = range(len(data))

    def __getitem__(self, index):
        return self.data[self.positions[index]]

    def __len__(self):
        return len(self.positions)
