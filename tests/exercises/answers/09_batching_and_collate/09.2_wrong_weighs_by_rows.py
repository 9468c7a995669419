"""Weighs the mean of a batch by its number of rows, as if all were of the same length.

Rejected by: every real value counts the same
Saying: neither rows nor places
"""


class RunningMean:
    def __init__(self):
        self.total = 0.0
        self.count = 0

    def add(self, values, masks):
        real = values[masks]
        if len(real):
            self.total += real.double().mean().item() * len(values)
            self.count += len(values)

    def result(self):
        if self.count == 0:
            raise ValueError("nothing was added")
        return self.total / self.count
