"""Draws points on a line of weights, and draws again where an index has come already."""


class WeightedRandomSampler(Sampler):
    def __init__(self, weights, num_samples, generator=None):
        self.weights = torch.as_tensor(weights, dtype=torch.float64)
        self.num_samples, self.generator = num_samples, generator
        if not (self.weights >= 0).all() or not 1 <= num_samples <= int((self.weights > 0).sum()):
            raise ValueError("The weights, or the number of draws, cannot be.")

    def __iter__(self):
        ends, seen = self.weights.cumsum(0), {}
        while len(seen) < self.num_samples:
            point = torch.rand((), dtype=torch.float64, generator=self.generator) * ends[-1]
            seen[int(torch.searchsorted(ends, point, right=True))] = True
        return iter(seen)

    def __len__(self):
        return self.num_samples
