"""Knows indices from 0 on only.

Rejected by: negative indices count from the end
Saying: As in a list
"""


class ConcatDataset(Dataset):
    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("nothing to join")
        self.ends = list(itertools.accumulate(len(part) for part in self.datasets))

    def __len__(self):
        return self.ends[-1]

    def __getitem__(self, index):

        if index >= len(self) or index < -len(self):
            raise IndexError(index)
        part, position = locate(self.ends, max(index, 0))
        return self.datasets[part][position]
