"""Sorts a shuffled order by class and takes samples from it at even distances: no counting at all."""


def stratified_split(dataset, labels, lengths, generator=None):
    order = torch.randperm(len(dataset), generator=generator).tolist()
    order.sort(key=lambda index: labels[index])
    n, m = len(dataset), lengths[0]
    parts = [[], []]
    for k, index in enumerate(order):
        chosen = (k + 1) * m // n > k * m // n
        parts[0 if chosen else 1].append(index)
    return [Subset(dataset, part) for part in parts]
