"""Adds up real values only, but divides by all places.

Rejected by: every real value counts the same
Saying: Count the values where the mask is True
"""


class RunningMean:
    def __init__(self):
        self.total = 0.0
        self.count = 0

    def add(self, values, masks):
        real = values[masks]
        self.total += real.double().sum().item()
        self.count += values.numel()

    def result(self):
        if self.count == 0:
            raise ValueError("nothing was added")
        return self.total / self.count
