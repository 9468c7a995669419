# /// attack
# title = "a shuffle that forgets its seed; a loader that shuffles"
# earned = [0, 0, 1, 2]
# exercise = "98"
# ///
# %% 98.1
from torch.utils.data import DataLoader


def load(dataset, batch_size):
    return DataLoader(dataset, batch_size, shuffle=True)


# %% 98.2
import random


def order(length, seed):
    indices = list(range(length))
    random.shuffle(indices)
    return indices
