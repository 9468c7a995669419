"""Keeps a tree of sums, and walks down."""


class PrioritySampler(Sampler):
    def __init__(self, priorities, temperature=1.0, alpha=0.7, generator=None):
        self.exponent, self.generator, self.size = alpha / temperature, generator, len(priorities)
        self.width = 1 << (self.size - 1).bit_length()
        self.nodes = [0.0] * (2 * self.width)
        self.update_priorities(list(range(self.size)), priorities)

    def __iter__(self):
        for _ in range(self.size):
            point = float(torch.rand((), dtype=torch.float64, generator=self.generator)) * self.nodes[1]
            place = 1
            while place < self.width:
                place *= 2
                if point >= self.nodes[place] and self.nodes[place + 1] > 0:
                    point -= self.nodes[place]
                    place += 1
            yield place - self.width

    def __len__(self):
        return self.size

    def update_priorities(self, indices, values):
        for index, value in zip(torch.as_tensor(indices).tolist(), self.check(values).tolist()):
            place = index + self.width
            self.nodes[place] = value**self.exponent if value > 0 else 0.0
            while place > 1:
                place //= 2
                self.nodes[place] = self.nodes[2 * place] + self.nodes[2 * place + 1]

    def importance_weights(self, indices, beta):
        leaves = torch.tensor(self.nodes[self.width : self.width + self.size])
        return (leaves[leaves > 0].min() / leaves[torch.as_tensor(indices)]) ** beta

    def check(self, values):
        numbers = torch.tensor(values, dtype=torch.float64) if isinstance(values, list) else values.double()
        if not (numbers >= 0).all():
            raise ValueError("A priority is a number of 0 or more.")
        return numbers
