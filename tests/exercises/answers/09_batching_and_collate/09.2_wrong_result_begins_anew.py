"""Begins anew after each result.

Rejected by: a result at any time
Saying: result() changes nothing
"""


class RunningMean:
    def __init__(self):
        self.total = 0.0
        self.count = 0

    def add(self, values, masks):
        real = values[masks]
        self.total += real.double().sum().item()
        self.count += len(real)

    def result(self):
        if self.count == 0:
            raise ValueError("nothing was added")
        mean = self.total / self.count
        if self.count > 1:
            self.total, self.count = mean, 1
        return mean
