"""Follows the formula literally and shifts the labels along with the index.

Rejected by: labels stay as they are
Saying: three classes stay three classes
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

        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        part, position = locate(self.ends, index)
        sample = self.datasets[part][position]
        if isinstance(sample, tuple):
            return sample[0], sample[1] + index - position
        return sample
