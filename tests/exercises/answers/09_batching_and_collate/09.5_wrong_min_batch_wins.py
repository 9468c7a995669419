"""Lets min_batch win over the budget.

Rejected by: the budget wins over min_batch
Saying: whatever min_batch says
"""


class BudgetBatches:
    def __init__(self, lengths, min_batch, max_batch, max_tokens, generator=None):
        self.lengths = lengths
        self.generator = generator
        self.cuts = []
        longest_first = sorted(lengths, reverse=True)
        start = 0
        while start < len(longest_first):
            size = max(min_batch, min(max_batch, max_tokens // longest_first[start]))
            self.cuts.append((start, start + size))
            start += size

    def __iter__(self):
        order = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        order.sort(key=lambda index: -self.lengths[index])
        for number in torch.randperm(len(self.cuts), generator=self.generator).tolist():
            start, stop = self.cuts[number]
            yield order[start:stop]

    def __len__(self):
        return len(self.cuts)
