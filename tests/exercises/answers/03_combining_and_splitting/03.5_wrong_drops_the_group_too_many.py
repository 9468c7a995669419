"""Leaves out a group that would make the test part too large: its samples are in neither part.

Rejected by: every sample in one part
Saying: hold every sample once
"""


def group_split(dataset, groups, test_fraction, generator=None):
    names = list(dict.fromkeys(groups))
    order = [names[number] for number in torch.randperm(len(names), generator=generator).tolist()]
    chosen, refused = [], ""
    for name in order:
        if sum(group in chosen for group in groups) >= test_fraction * len(dataset):
            refused = name
            break
        chosen.append(name)
    test = [index for index, group in enumerate(groups) if group in chosen]
    train = [index for index, group in enumerate(groups) if group not in chosen and group != refused]
    return [Subset(dataset, train), Subset(dataset, test)]
