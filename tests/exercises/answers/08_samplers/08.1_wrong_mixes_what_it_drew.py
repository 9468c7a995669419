"""Draws the right set of indices, and mixes it afterwards.

Rejected by: each next one by weight from those left
Saying: heavy ones are early
"""


class WeightedRandomSampler(Sampler):
    def __init__(self, weights, num_samples, generator=None):
        self.weights = torch.as_tensor(weights, dtype=torch.float64)
        self.num_samples, self.generator = num_samples, generator
        if not (self.weights >= 0).all() or not 1 <= num_samples <= int((self.weights > 0).sum()):
            raise ValueError("The weights, or the number of draws, cannot be.")

    def __iter__(self):
        arrival = torch.empty_like(self.weights).exponential_(generator=self.generator) / self.weights
        drawn = arrival.argsort()[: self.num_samples]
        return iter(drawn[torch.randperm(len(drawn), generator=self.generator)].tolist())

    def __len__(self):
        return self.num_samples
