"""Draws with replacement.

Rejected by: nothing twice, and as many as asked
Saying: what was drawn is gone
"""


class WeightedRandomSampler(Sampler):
    def __init__(self, weights, num_samples, generator=None):
        self.weights = torch.as_tensor(weights, dtype=torch.float64)
        self.num_samples, self.generator = num_samples, generator
        if not (self.weights >= 0).all() or not 1 <= num_samples <= int((self.weights > 0).sum()):
            raise ValueError("The weights, or the number of draws, cannot be.")

    def __iter__(self):
        return iter(
            torch.multinomial(self.weights, self.num_samples, True, generator=self.generator).tolist()
        )

    def __len__(self):
        return self.num_samples
