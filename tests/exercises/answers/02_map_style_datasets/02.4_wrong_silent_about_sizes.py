"""Refuses, but leaves the reader to find out which tensor is the odd one.

Rejected by: different sizes are refused
Saying: The message names all first sizes
"""


class TensorDataset(Dataset):
    def __init__(self, *tensors):
        if len({len(tensor) for tensor in tensors}) != 1:
            raise ValueError("size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices):
        return list(zip(*(tensor[indices] for tensor in self.tensors)))

    def __len__(self):
        return len(self.tensors[0])
