"""Uses the law for equal costs with the mean of unequal ones.

Rejected by: every batch at its own cost
Saying: the unit is free
"""


def sequential_time(costs):
    return sum(map(sum, costs))


def overlapped_time(costs, slots=2):
    if not costs:
        return 0
    mean = [sum(column) // len(costs) for column in zip(*costs)]
    return sum(mean) + (len(costs) - 1) * max(mean)
