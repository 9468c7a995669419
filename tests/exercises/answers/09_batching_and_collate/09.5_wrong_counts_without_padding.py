"""Adds up the lengths themselves: the padding is not in the budget.

Rejected by: the budget holds, padding included
Saying: padded to its longest sample
"""


class BudgetBatches:
    def __init__(self, lengths, min_batch, max_batch, max_tokens, generator=None):
        self.lengths, self.generator, self.cuts = lengths, generator, []
        ordered = sorted(lengths)
        start = total = 0
        for stop, length in enumerate(ordered):
            if stop > start and (total + length > max_tokens or stop - start == max_batch):
                self.cuts.append((start, stop))
                start, total = stop, 0
            total += length
        self.cuts.append((start, len(ordered)))

    def __iter__(self):
        order = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        order.sort(key=lambda index: self.lengths[index])
        for number in torch.randperm(len(self.cuts), generator=self.generator).tolist():
            yield order[slice(*self.cuts[number])]

    def __len__(self):
        return len(self.cuts)
