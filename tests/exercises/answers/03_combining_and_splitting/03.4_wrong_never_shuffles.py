"""Takes the first members of every class, whatever the generator.

Rejected by: chance picks within a class
Saying: Shuffle the members of every class
"""


def stratified_split(dataset, labels, lengths, generator=None):
    order = sorted(range(len(dataset)), key=lambda index: labels[index])
    n, m = len(dataset), lengths[0]
    taken = [(k + 1) * m // n > k * m // n for k in range(n)]
    first = [index for index, chosen in zip(order, taken) if chosen]
    second = [index for index, chosen in zip(order, taken) if not chosen]
    return [Subset(dataset, first), Subset(dataset, second)]
