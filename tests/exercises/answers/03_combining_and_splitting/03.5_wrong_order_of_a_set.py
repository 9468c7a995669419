"""Permutes the list of a set: for strings that list begins in another order in every run of Python.

Rejected by: chance is the generator's alone
Saying: The order of a set of strings
"""


def group_split(dataset, groups, test_fraction, generator=None):
    names = list(set(groups))
    chosen, size = set(), 0
    for number in torch.randperm(len(names), generator=generator).tolist():
        if size >= test_fraction * len(dataset):
            break
        chosen.add(names[number])
        size += list(groups).count(names[number])
    test = [index for index, group in enumerate(groups) if group in chosen]
    train = [index for index, group in enumerate(groups) if group not in chosen]
    return [Subset(dataset, train), Subset(dataset, test)]
