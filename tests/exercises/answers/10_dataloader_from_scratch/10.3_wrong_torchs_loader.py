"""Hands over to torch's loader.

Rejected by: the batches of torch's loader
Saying: DataLoader is absent while this task is checked
"""


class MiniLoader:
    def __init__(self, dataset, **arguments):
        self.dataset, self.arguments = dataset, arguments

    def __iter__(self):
        from torch.utils.data import DataLoader

        return iter(DataLoader(self.dataset, **self.arguments))

    def __len__(self):
        from torch.utils.data import DataLoader

        return len(DataLoader(self.dataset, **self.arguments))
