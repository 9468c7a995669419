"""Multiplies a random number by the weight and takes the largest: another law.

Rejected by: each next one by weight from those left
Saying: is another law
"""


class WeightedRandomSampler(Sampler):
    def __init__(self, weights, num_samples, generator=None):
        self.weights = torch.as_tensor(weights, dtype=torch.float64)
        self.num_samples, self.generator = num_samples, generator
        if not (self.weights >= 0).all() or not 1 <= num_samples <= int((self.weights > 0).sum()):
            raise ValueError("The weights, or the number of draws, cannot be.")

    def __iter__(self):
        keys = torch.rand(len(self.weights), dtype=torch.float64, generator=self.generator) * self.weights
        return iter(keys.argsort(descending=True)[: self.num_samples].tolist())

    def __len__(self):
        return self.num_samples
