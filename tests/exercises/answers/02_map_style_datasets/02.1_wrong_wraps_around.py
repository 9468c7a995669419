"""Takes the remainder of any index, so that the dataset never ends.

Rejected by: exact bounds
Saying: Compare the index with both bounds yourself
"""


class ListDataset(Dataset):
    def __init__(self, data):
        self.data = data

    def __getitem__(self, index):
        return self.data[index % len(self.data)] if len(self.data) else None

    def __len__(self):
        return len(self.data)
