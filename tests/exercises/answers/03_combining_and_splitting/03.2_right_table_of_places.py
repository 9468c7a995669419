"""Keeps a table of part and position for every index instead of searching."""


class ConcatDataset(Dataset):
    def __init__(self, datasets):
        self.datasets = tuple(datasets)
        if len(self.datasets) == 0:
            raise ValueError("Pass at least one dataset.")
        self.places = [(part, position) for part in self.datasets for position in range(len(part))]

    def __len__(self):
        return len(self.places)

    def __getitem__(self, index):
        part, position = self.places[index]
        return part[position]
