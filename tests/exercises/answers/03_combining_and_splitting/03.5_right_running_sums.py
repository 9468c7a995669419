"""Orders the groups at random and finds the last one to take in the running sums of their sizes."""


def group_split(dataset, groups, test_fraction, generator=None):
    names = sorted(set(groups))
    number_of = {name: number for number, name in enumerate(names)}
    numbers = torch.tensor([number_of[group] for group in groups])
    order = torch.randperm(len(names), generator=generator)
    before = torch.bincount(numbers, minlength=len(names))[order].cumsum(0).roll(1)
    before[0] = 0
    chosen = order[before < test_fraction * len(groups)]
    in_test = torch.isin(numbers, chosen)
    return [Subset(dataset, rows.nonzero().flatten().tolist()) for rows in (~in_test, in_test)]
