"""Keeps all real values and takes their mean when asked."""


class RunningMean:
    def __init__(self):
        self.parts = []

    def add(self, values, masks):
        self.parts.append(values.masked_select(masks).double())

    def result(self):
        real = torch.cat([torch.zeros(0, dtype=torch.float64), *self.parts])
        if real.numel() == 0:
            raise ValueError("no value yet")
        return float(real.mean())
