"""Raises a ValueError past the negative end.

Rejected by: an IndexError past either end
Saying: ValueError: index out of range
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

        if index < 0:
            if -index > len(self):
                raise ValueError("index out of range")
            index += len(self)
        if index >= len(self):
            raise IndexError("index out of range")
        part, position = locate(self.ends, index)
        return self.datasets[part][position]
