"""Takes the groups in the order of their names.

Rejected by: chance is the generator's alone
Saying: another seed, other groups
"""


def group_split(dataset, groups, test_fraction, generator=None):
    chosen = set()
    for name in sorted(set(groups)):
        if sum(group in chosen for group in groups) >= test_fraction * len(dataset):
            break
        chosen.add(name)
    test = [index for index, group in enumerate(groups) if group in chosen]
    train = [index for index, group in enumerate(groups) if group not in chosen]
    return [Subset(dataset, train), Subset(dataset, test)]
