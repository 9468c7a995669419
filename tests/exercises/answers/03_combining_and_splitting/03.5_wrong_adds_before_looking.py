"""Adds a group first and looks at the size afterwards, so that no test part is ever empty.

Rejected by: nothing asked for, everything asked for
Saying: fraction of 0 asks for no test part
"""


def group_split(dataset, groups, test_fraction, generator=None):
    names = list(dict.fromkeys(groups))
    chosen = set()
    for number in torch.randperm(len(names), generator=generator).tolist():
        chosen.add(names[number])
        if sum(group in chosen for group in groups) >= test_fraction * len(dataset):
            break
    test = [index for index, group in enumerate(groups) if group in chosen]
    train = [index for index, group in enumerate(groups) if group not in chosen]
    return [Subset(dataset, train), Subset(dataset, test)]
