"""Goes through the classes in the order of a set, which for strings is another one in every run.

Rejected by: chance picks within a class
Saying: The order of a set of strings
"""


def stratified_split(dataset, labels, lengths, generator=None):
    first, second, seen = [], [], 0
    for label in set(labels):
        members = [index for index in range(len(dataset)) if labels[index] == label]
        order = torch.randperm(len(members), generator=generator).tolist()
        seen += len(members)
        count = seen * lengths[0] // len(dataset) - len(first)
        first += [members[number] for number in order[:count]]
        second += [members[number] for number in order[count:]]
    return [Subset(dataset, first), Subset(dataset, second)]
