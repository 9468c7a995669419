"""Takes a fraction of the groups, whatever their sizes.

Rejected by: a test part of the size asked for
Saying: Count samples, not groups
"""


def group_split(dataset, groups, test_fraction, generator=None):
    names = list(dict.fromkeys(groups))
    order = torch.randperm(len(names), generator=generator).tolist()
    chosen = {names[number] for number in order[: math.ceil(test_fraction * len(names))]}
    test = [index for index, group in enumerate(groups) if group in chosen]
    train = [index for index, group in enumerate(groups) if group not in chosen]
    return [Subset(dataset, train), Subset(dataset, test)]
