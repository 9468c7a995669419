"""Leaves the bounds to the data: right for a list, wrong for anything else.

Rejected by: exact bounds
Saying: in data that answers any index
"""


class ListDataset(Dataset):
    def __init__(self, data):
        self.data = data

    def __getitem__(self, index):
        return self.data[index]

    def __len__(self):
        return len(self.data)
