"""Splits at random and leaves the shares to chance.

Rejected by: class shares within one sample
Saying: divided as the whole is
"""


def stratified_split(dataset, labels, lengths, generator=None):
    order = torch.randperm(len(dataset), generator=generator).tolist()
    return [Subset(dataset, order[: lengths[0]]), Subset(dataset, order[lengths[0] :])]
