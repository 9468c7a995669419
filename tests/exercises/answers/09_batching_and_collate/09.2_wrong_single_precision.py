"""Adds up in float32.

Rejected by: large sums keep their digits
Saying: 16777216 + 1 is 16777216
"""


class RunningMean:
    def __init__(self):
        self.total = torch.tensor(0.0)
        self.count = 0

    def add(self, values, masks):
        real = values[masks]
        self.total += real.sum()
        self.count += len(real)

    def result(self):
        if self.count == 0:
            raise ValueError("nothing was added")
        return (self.total.double() / self.count).item()
