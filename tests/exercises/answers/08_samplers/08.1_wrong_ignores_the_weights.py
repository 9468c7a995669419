"""Takes any of the indices with a positive weight.

Rejected by: each next one by weight from those left
Saying: with weight
"""


class WeightedRandomSampler(Sampler):
    def __init__(self, weights, num_samples, generator=None):
        self.weights = torch.as_tensor(weights, dtype=torch.float64)
        self.num_samples, self.generator = num_samples, generator
        if not (self.weights >= 0).all() or not 1 <= num_samples <= int((self.weights > 0).sum()):
            raise ValueError("The weights, or the number of draws, cannot be.")

    def __iter__(self):
        drawable = self.weights.nonzero().flatten()
        order = torch.randperm(len(drawable), generator=self.generator)
        return iter(drawable[order][: self.num_samples].tolist())

    def __len__(self):
        return self.num_samples
