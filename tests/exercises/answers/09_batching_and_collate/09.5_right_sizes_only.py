"""Keeps the sizes of the batches, and splits a tensor of indices by them."""


class BudgetBatches:
    def __init__(self, lengths, min_batch, max_batch, max_tokens, generator=None):
        self.lengths, self.generator, self.sizes = torch.tensor(lengths), generator, []
        waiting = sorted(lengths)
        while waiting:
            room = min(max_batch, max_tokens // waiting[-1], len(waiting))
            self.sizes.append(max(room, 1))
            del waiting[-self.sizes[-1] :]

    def __iter__(self):
        chance = torch.rand(len(self.lengths), generator=self.generator, dtype=torch.float64)
        batches = (self.lengths + chance).argsort(descending=True).split(self.sizes)
        for number in torch.randperm(len(batches), generator=self.generator).tolist():
            yield batches[number].tolist()

    def __len__(self):
        return len(self.sizes)
