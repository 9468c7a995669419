# /// attack
# title = "tensors of huge shape and tiny storage"
# earned = [0, 0, 0, 0]
# exercise = "98"
# says = "can cross"
# ///
# %% 98.1
import numpy
import torch


def load(dataset, batch_size):
    return [torch.zeros(1).expand(2**40)]


# %% 98.2
def order(length, seed):
    return numpy.lib.stride_tricks.as_strided(numpy.zeros(1), (2**40,), (0,))


# %% 98.3
def shares(values):
    return torch.as_strided(torch.zeros(1), (2**30, 2**30), (0, 0))


# %% 98.4
class Batches:
    def __init__(self, *arguments):
        pass

    def __iter__(self):
        return iter([range(10**12), [range(10**12)]])
