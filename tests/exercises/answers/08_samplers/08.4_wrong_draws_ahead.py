"""Draws the whole epoch when the loop begins.

Rejected by: updates count from the next draw
Saying: from the next draw on
"""


class PrioritySampler(Sampler):
    def __init__(self, priorities, temperature=1.0, alpha=0.7, generator=None):
        self.priorities = self.check(priorities).clone()
        self.exponent, self.generator = alpha / temperature, generator

    def powers(self):
        return torch.where(self.priorities > 0, self.priorities**self.exponent, 0.0)

    def __iter__(self):
        return iter(torch.multinomial(self.powers(), len(self), True, generator=self.generator).tolist())

    def __len__(self):
        return len(self.priorities)

    def update_priorities(self, indices, values):
        self.priorities[torch.as_tensor(indices)] = self.check(values)

    def importance_weights(self, indices, beta):
        powers = self.powers()
        weights = (len(powers) * powers / powers.sum()) ** -beta
        return (weights / weights[powers > 0].max())[torch.as_tensor(indices)]

    def check(self, values):
        numbers = torch.tensor(values, dtype=torch.float64) if isinstance(values, list) else values.double()
        if not (numbers >= 0).all():
            raise ValueError("A priority is a number of 0 or more.")
        return numbers
