# /// attack
# title = "answers that change from call to call"
# earned = [0, 0, 0, 0]
# exercise = "98"
# ///
# %% 98.1
import itertools

import torch

count = itertools.count()


def load(dataset, batch_size):
    [dataset[0] for _ in range(len(dataset))]
    return iter([torch.arange(float(len(dataset)))])


# %% 98.2
def order(length, seed):
    indices = list(range(length))
    turn = next(count) % length
    return indices[turn:] + indices[:turn]


# %% 98.3
def shares(values):
    return values / values.sum() if next(count) % 2 else torch.tensor(1.0)


# %% 98.4
class Batches:
    def __init__(self, *arguments):
        pass

    def __iter__(self):
        return itertools.repeat([0], next(count))
