"""Rounds down and takes all that is missing from the largest class.

Rejected by: class shares within one sample
Saying: divided as the whole is
"""


def stratified_split(dataset, labels, lengths, generator=None):
    order = torch.randperm(len(dataset), generator=generator).tolist()
    classes = sorted(set(labels), key=list(labels).count)
    first, second = [], []
    for label in classes:
        members = [index for index in order if labels[index] == label]
        count = len(members) * lengths[0] // len(dataset)
        if label == classes[-1]:
            count = lengths[0] - len(first)
        first += members[:count]
        second += members[count:]
    return [Subset(dataset, first), Subset(dataset, second)]
