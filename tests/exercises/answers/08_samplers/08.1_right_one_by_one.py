"""Draws one index at a time, and sets its weight to 0."""


class WeightedRandomSampler(Sampler):
    def __init__(self, weights, num_samples, generator=None):
        self.weights = torch.as_tensor(weights, dtype=torch.float64)
        self.num_samples, self.generator = num_samples, generator
        if not (self.weights >= 0).all() or not 1 <= num_samples <= int((self.weights > 0).sum()):
            raise ValueError("The weights, or the number of draws, cannot be.")

    def __iter__(self):
        left = self.weights.clone()
        for _ in range(self.num_samples):
            index = int(torch.multinomial(left, 1, generator=self.generator))
            left[index] = 0
            yield index

    def __len__(self):
        return self.num_samples
