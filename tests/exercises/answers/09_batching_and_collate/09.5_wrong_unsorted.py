"""Fills batches in random order, which ends many of them early.

Rejected by: no more batches than needed
Saying: Samples of similar length belong together
"""


class BudgetBatches:
    def __init__(self, lengths, min_batch, max_batch, max_tokens, generator=None):
        self.lengths, self.high, self.budget, self.generator = lengths, max_batch, max_tokens, generator

    def __iter__(self):
        batch, longest = [], 0
        for index in torch.randperm(len(self.lengths), generator=self.generator).tolist():
            wider = max(longest, self.lengths[index])
            if batch and (wider * (len(batch) + 1) > self.budget or len(batch) == self.high):
                yield batch
                batch, wider = [], self.lengths[index]
            batch, longest = [*batch, index], wider
        yield batch

    def __len__(self):
        return len(list(self))
