# /// attack
# title = "sparse, meta, nested, quantised, complex and requires-grad tensors"
# earned = [0, 0, 1, 0]
# exercise = "98"
# ///
# %% 98.1
import torch


def load(dataset, batch_size):
    return [torch.arange(float(len(dataset))).to_sparse(), torch.empty(5, device="meta")]


# %% 98.2
def order(length, seed):
    return torch.quantize_per_tensor(torch.zeros(length), 1.0, 0, torch.qint8)


# %% 98.3
def shares(values):
    return (values / values.sum()).requires_grad_()  # odd, and right


# %% 98.4
class Batches:
    def __init__(self, *arguments):
        pass

    def __iter__(self):
        return iter([torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]), 1j])
