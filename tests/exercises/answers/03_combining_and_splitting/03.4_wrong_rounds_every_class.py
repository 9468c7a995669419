"""Rounds the share of every class by itself, so that the sizes are no longer those asked for.

Rejected by: every sample once, sizes exact
Saying: exactly as long as asked
"""


def stratified_split(dataset, labels, lengths, generator=None):
    order = torch.randperm(len(dataset), generator=generator).tolist()
    first, second = [], []
    for label in sorted(set(labels)):
        members = [index for index in order if labels[index] == label]
        count = round(len(members) * lengths[0] / len(dataset))
        first += members[:count]
        second += members[count:]
    return [Subset(dataset, first), Subset(dataset, second)]
