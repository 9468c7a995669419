"""Checks the sizes with an assert statement, which `python -O` removes.

Rejected by: different sizes are refused
Saying: AssertionError
"""


class TensorDataset(Dataset):
    def __init__(self, *tensors):
        assert all(len(tensor) == len(tensors[0]) for tensor in tensors), "size mismatch"
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices):
        return list(zip(*(tensor[indices] for tensor in self.tensors)))

    def __len__(self):
        return len(self.tensors[0])
