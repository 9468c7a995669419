"""Adds everything up: nothing overlaps.

Rejected by: the sum becomes the maximum
Saying: the slowest unit sets the pace
"""


def sequential_time(costs):
    return sum(map(sum, costs))


def overlapped_time(costs, slots=2):
    return sum(map(sum, costs))
