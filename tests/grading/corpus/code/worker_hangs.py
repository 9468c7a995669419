# /// attack
# title = "a loader whose worker hangs"
# earned = [0, 1, 1, 2]
# exercise = "98"
# status = "timeout"
# slow = true
# ///
# %% 98.1
import time

from torch.utils.data import DataLoader, Dataset


class Hanging(Dataset):
    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        if index == 3:
            time.sleep(1000)
        return self.dataset[index]


def load(dataset, batch_size):
    return DataLoader(Hanging(dataset), batch_size, num_workers=2)
