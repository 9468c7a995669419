"""Draws with replacement and leaves the repeats out, so that too few come.

Rejected by: nothing twice, and as many as asked
Saying: `num_samples` indices
"""


class WeightedRandomSampler(Sampler):
    def __init__(self, weights, num_samples, generator=None):
        self.weights = torch.as_tensor(weights, dtype=torch.float64)
        self.num_samples, self.generator = num_samples, generator
        if not (self.weights >= 0).all() or not 1 <= num_samples <= int((self.weights > 0).sum()):
            raise ValueError("The weights, or the number of draws, cannot be.")

    def __iter__(self):
        drawn = torch.multinomial(self.weights, self.num_samples, True, generator=self.generator)
        return iter(dict.fromkeys(drawn.tolist()))

    def __len__(self):
        return self.num_samples
