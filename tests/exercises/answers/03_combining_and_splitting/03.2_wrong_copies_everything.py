"""Reads all samples into one list.

Rejected by: only the sample asked for is read
Saying: Joining copies nothing
"""


class ConcatDataset(Dataset):
    def __init__(self, datasets):
        parts = list(datasets)
        if not parts:
            raise ValueError("nothing to join")
        self.samples = [part[index] for part in parts for index in range(len(part))]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]
