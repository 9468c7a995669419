"""Draws from torch's global generator.

Rejected by: shuffled anew in each epoch
Saying: draws from that one only
"""


class BudgetBatches:
    def __init__(self, lengths, min_batch, max_batch, max_tokens, generator=None):
        self.lengths = lengths
        self.generator = generator
        self.cuts = []
        longest_first = sorted(lengths, reverse=True)
        start = 0
        while start < len(longest_first):
            size = max(1, min(max_batch, max_tokens // longest_first[start]))
            self.cuts.append((start, start + size))
            start += size

    def __iter__(self):
        order = torch.randperm(len(self.lengths)).tolist()
        order.sort(key=lambda index: -self.lengths[index])
        for number in torch.randperm(len(self.cuts)).tolist():
            start, stop = self.cuts[number]
            yield order[start:stop]

    def __len__(self):
        return len(self.cuts)
