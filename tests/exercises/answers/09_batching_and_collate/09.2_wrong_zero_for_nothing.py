"""Returns 0 where there is no value.

Rejected by: no value, no mean
Saying: would be taken for a measurement
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
            return 0.0
        return self.total / self.count
