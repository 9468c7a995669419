"""Shuffles with the program's own random numbers, seeded anew each time.

Rejected by: chance picks within a class
Saying: keeps the rest of the program's randomness
"""


def stratified_split(dataset, labels, lengths, generator=None):
    torch.manual_seed(0)
    order = torch.randperm(len(dataset)).tolist()
    order.sort(key=lambda index: labels[index])
    n, m = len(dataset), lengths[0]
    taken = [(k + 1) * m // n > k * m // n for k in range(n)]
    first = [index for index, chosen in zip(order, taken) if chosen]
    second = [index for index, chosen in zip(order, taken) if not chosen]
    return [Subset(dataset, first), Subset(dataset, second)]
