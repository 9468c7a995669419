"""Takes the padding for values.

Rejected by: padding never counts
Saying: none of it gets into the mean
"""


class RunningMean:
    def __init__(self):
        self.total = 0.0
        self.count = 0

    def add(self, values, masks):
        real = values.flatten()
        self.total += real.double().sum().item()
        self.count += int(masks.sum())

    def result(self):
        if self.count == 0:
            raise ValueError("nothing was added")
        return self.total / self.count
