"""Looks for negative weights only, and NaN is not below 0.

Rejected by: zero weights and impossible ones
Saying: no error
"""


class WeightedRandomSampler(Sampler):
    def __init__(self, weights, num_samples, generator=None):
        self.weights = torch.as_tensor(weights, dtype=torch.float64)
        self.num_samples, self.generator = num_samples, generator
        if (self.weights < 0).any() or not 1 <= num_samples <= int((self.weights > 0).sum()):
            raise ValueError("The weights, or the number of draws, cannot be.")

    def __iter__(self):
        weights = self.weights.nan_to_num()
        arrival = torch.empty_like(weights).exponential_(generator=self.generator) / weights
        return iter(arrival.argsort()[: self.num_samples].tolist())

    def __len__(self):
        return self.num_samples
