"""Keeps the mean itself, and moves it towards each batch by that batch's share."""


class RunningMean:
    def __init__(self):
        self.mean, self.count = 0.0, 0

    def add(self, values, masks):
        count = int(masks.sum())
        if count:
            self.count += count
            mean = torch.where(masks, values, 0.0).double().sum().item() / count
            self.mean += (mean - self.mean) * count / self.count

    def result(self):
        if not self.count:
            raise ValueError("no value yet")
        return self.mean
