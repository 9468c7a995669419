"""Joins the first two datasets and forgets the others.

Rejected by: every sample in order
Saying: sum of the lengths
"""


class ConcatDataset(Dataset):
    def __init__(self, datasets):
        self.first, self.second = datasets[0], datasets[1]

    def __len__(self):
        return len(self.first) + len(self.second)

    def __getitem__(self, index):
        if index < len(self.first):
            return self.first[index]
        return self.second[index - len(self.first)]
