# /// attack
# title = "right answers by workers, one process per loader"
# earned = [1, 1, 1, 2]
# exercise = "98"
# slow = true
# ///
# %% 98.1
from torch.utils.data import DataLoader


def load(dataset, batch_size):
    return DataLoader(dataset, batch_size, num_workers=2)
