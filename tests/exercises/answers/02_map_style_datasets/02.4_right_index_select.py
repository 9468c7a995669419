"""Gathers by index_select, cuts the columns with unbind, and checks the kinds too."""


class TensorDataset(Dataset):
    def __init__(self, *tensors):
        if not tensors:
            raise ValueError("no tensors: pass one at least")
        for tensor in tensors:
            if not isinstance(tensor, torch.Tensor):
                raise TypeError(f"{type(tensor).__name__} is no tensor")
            if tensor.size(0) != tensors[0].size(0):
                raise ValueError(f"shapes {[tuple(each.shape) for each in tensors]} differ in the first size")
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices):
        positions = torch.tensor(indices, dtype=torch.int64)
        columns = [tensor.index_select(0, positions).unbind(0) for tensor in self.tensors]
        return [tuple(column[row] for column in columns) for row in range(len(indices))]

    def __len__(self):
        return self.tensors[0].size(0)
