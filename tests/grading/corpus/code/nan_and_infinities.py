# /// attack
# title = "NaN and infinities"
# earned = [0, 0, 0, 0]
# exercise = "98"
# ///
# %% 98.1
import torch

nan, infinity = float("nan"), float("inf")


def load(dataset, batch_size):
    return [torch.full((len(dataset),), nan)]


# %% 98.2
def order(length, seed):
    return [nan] * length


# %% 98.3
def shares(values):
    return torch.tensor([infinity, -infinity, nan, nan])


# %% 98.4
class Batches:
    def __init__(self, *arguments):
        pass

    def __iter__(self):
        return iter([[infinity], [nan]])
