"""Goes from the shortest to the longest, and ends a batch where the next sample would not fit."""


class BudgetBatches:
    def __init__(self, lengths, min_batch, max_batch, max_tokens, generator=None):
        self.lengths, self.generator, self.cuts = lengths, generator, []
        start = 0
        for stop, length in enumerate(sorted(lengths)):
            if stop > start and (length * (stop - start + 1) > max_tokens or stop - start == max_batch):
                self.cuts.append((start, stop))
                start = stop
        self.cuts.append((start, len(lengths)))

    def __iter__(self):
        order = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        order.sort(key=lambda index: self.lengths[index])
        for number in torch.randperm(len(self.cuts), generator=self.generator).tolist():
            yield order[slice(*self.cuts[number])]

    def __len__(self):
        return len(self.cuts)
