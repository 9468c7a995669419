"""Keeps the type of the priorities, so that an update of 0.5 becomes 0.

Rejected by: integers become floats
Saying: Integers cut 0.5 down to 0
"""


class PrioritySampler(Sampler):
    def __init__(self, priorities, temperature=1.0, alpha=0.7, generator=None):
        self.priorities = torch.as_tensor(priorities).clone()
        self.check(priorities)
        self.exponent, self.generator = alpha / temperature, generator

    def powers(self):
        return torch.where(self.priorities > 0, self.priorities**self.exponent, 0.0)

    def __iter__(self):
        for _ in range(len(self)):
            sums = self.powers().cumsum(0)
            point = torch.rand((), dtype=torch.float64, generator=self.generator) * sums[-1]
            yield int(torch.searchsorted(sums, point, right=True))

    def __len__(self):
        return len(self.priorities)

    def update_priorities(self, indices, values):
        self.priorities[torch.as_tensor(indices)] = self.check(values).to(self.priorities.dtype)

    def importance_weights(self, indices, beta):
        powers = self.powers()
        weights = (len(powers) * powers / powers.sum()) ** -beta
        return (weights / weights[powers > 0].max())[torch.as_tensor(indices)]

    def check(self, values):
        numbers = torch.tensor(values, dtype=torch.float64) if isinstance(values, list) else values.double()
        if not (numbers >= 0).all():
            raise ValueError("A priority is a number of 0 or more.")
        return numbers
