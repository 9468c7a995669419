# /// attack
# title = "a loader whose worker dies"
# earned = [0, 1, 1, 2]
# exercise = "98"
# status = ["graded", "timeout", "crashed"]
# ///
# %% 98.1
import os

from torch.utils.data import DataLoader, Dataset


class Dying(Dataset):
    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        if index == 3:
            os._exit(1)
        return self.dataset[index]


def load(dataset, batch_size):
    return DataLoader(Dying(dataset), batch_size, num_workers=2)
