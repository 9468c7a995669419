"""Goes from class to class and carries what rounding left over on to the next."""


def stratified_split(dataset, labels, lengths, generator=None):
    order = torch.randperm(len(dataset), generator=generator).tolist()
    first, second, seen = [], [], 0
    for label in dict.fromkeys(labels):
        members = [index for index in order if labels[index] == label]
        seen += len(members)
        count = seen * lengths[0] // len(dataset) - len(first)
        first.extend(members[:count])
        second.extend(members[count:])
    return [Subset(dataset, first), Subset(dataset, second)]
