# /// attack
# title = "subclasses of tensor, list, float that equal everything"
# earned = [0, 0, 0, 0]
# exercise = "98"
# ///
# %% 98.1
import torch


class Equal(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), keywords=None):
        return torch.tensor(True)

    def __eq__(self, other):
        return True


def load(dataset, batch_size):
    return [torch.ones(3).as_subclass(Equal)]


# %% 98.2
class EqualList(list):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return True


def order(length, seed):
    return EqualList([0])


# %% 98.3
class EqualFloat(float):
    def __eq__(self, other):
        return True

    def __abs__(self):
        return 0.0

    def __sub__(self, other):
        return 0.0


def shares(values):
    return EqualFloat(1.0)


# %% 98.4
class Batches(EqualList):
    def __init__(self, *arguments):
        super().__init__([EqualList()])
