"""Believes that the samples of a group stand together, and cuts where one ends.

Rejected by: no group in both parts
Saying: Choose groups, not samples
"""


def group_split(dataset, groups, test_fraction, generator=None):
    n = len(dataset)
    cut = math.ceil(test_fraction * n)
    while 0 < cut < n and groups[cut] == groups[cut - 1]:
        cut += 1
    return [Subset(dataset, list(range(cut, n))), Subset(dataset, list(range(cut)))]
