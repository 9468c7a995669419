"""Splits the list of datasets in two and asks one half: halving without any sums."""


class ConcatDataset(Dataset):
    def __init__(self, datasets):
        datasets = list(datasets)
        if not datasets:
            raise ValueError("Pass at least one dataset.")
        middle = len(datasets) // 2
        self.only = datasets[0] if len(datasets) == 1 else None
        self.halves = (
            () if middle == 0 else (ConcatDataset(datasets[:middle]), ConcatDataset(datasets[middle:]))
        )
        self.size = sum(len(part) for part in datasets)

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        if index < -self.size or index >= self.size:
            raise IndexError(index)
        index = index + self.size if index < 0 else index
        if not self.halves:
            return self.only[index]
        left, right = self.halves
        return left[index] if index < len(left) else right[index - len(left)]
