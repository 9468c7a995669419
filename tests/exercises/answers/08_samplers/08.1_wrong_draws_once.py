"""Draws when it is made, and repeats that in every epoch.

Rejected by: chance of its own
Saying: Each epoch draws anew
"""


class WeightedRandomSampler(Sampler):
    def __init__(self, weights, num_samples, generator=None):
        self.weights = torch.as_tensor(weights, dtype=torch.float64)
        self.num_samples, self.generator = num_samples, generator
        if not (self.weights >= 0).all() or not 1 <= num_samples <= int((self.weights > 0).sum()):
            raise ValueError("The weights, or the number of draws, cannot be.")
        arrival = torch.empty_like(self.weights).exponential_(generator=generator) / self.weights
        self.drawn = arrival.argsort()[:num_samples].tolist()

    def __iter__(self):
        return iter(self.drawn)

    def __len__(self):
        return self.num_samples
