"""Returns a bare tensor when there is only one.

Rejected by: one tensor, tuples of one
Saying: A sample is a tuple even when it has one field
"""


class TensorDataset(Dataset):
    def __init__(self, *tensors):
        sizes = [len(tensor) for tensor in tensors]
        if len(set(sizes)) != 1:
            raise ValueError(f"sizes {sizes}")
        self.tensors = tensors

    def __getitem__(self, index):
        fields = tuple(tensor[index] for tensor in self.tensors)
        return fields if len(fields) > 1 else fields[0]

    def __getitems__(self, indices):
        return list(zip(*(tensor[indices] for tensor in self.tensors)))

    def __len__(self):
        return len(self.tensors[0])
