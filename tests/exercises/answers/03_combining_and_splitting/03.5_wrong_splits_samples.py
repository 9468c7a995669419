"""Splits the samples at random: almost every group ends up in both parts.

Rejected by: no group in both parts
Saying: never torn
"""


def group_split(dataset, groups, test_fraction, generator=None):
    order = torch.randperm(len(dataset), generator=generator).tolist()
    size = math.ceil(test_fraction * len(dataset))
    return [Subset(dataset, order[size:]), Subset(dataset, order[:size])]
