"""Multiplies by the mask, which leaves nan where nan was.

Rejected by: padding never counts
Saying: `nan * 0` is `nan`
"""


class RunningMean:
    def __init__(self):
        self.total = 0.0
        self.count = 0

    def add(self, values, masks):
        real = (values * masks).double()
        self.total += real.sum().item()
        self.count += int(masks.sum())

    def result(self):
        if self.count == 0:
            raise ValueError("nothing was added")
        return self.total / self.count
