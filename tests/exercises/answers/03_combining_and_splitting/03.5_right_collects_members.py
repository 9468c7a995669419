"""Collects the members of each group first, then deals whole lists to the parts."""


def group_split(dataset, groups, test_fraction, generator=None):
    members = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    lists = list(members.values())
    parts = {"train": [], "test": []}
    for number in torch.randperm(len(lists), generator=generator):
        wanted = "test" if len(parts["test"]) < test_fraction * len(groups) else "train"
        parts[wanted] += lists[number]
    return [Subset(dataset, parts["train"]), Subset(dataset, parts["test"])]
