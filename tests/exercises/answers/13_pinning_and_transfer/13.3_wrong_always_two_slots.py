"""Ignores the argument: two slots, whatever was asked.

Rejected by: a slot is free when its step has ended
Saying: has ended: then a slot is free
"""


def sequential_time(costs):
    return sum(map(sum, costs))


def overlapped_time(costs, slots=2):
    loaded, copied, ends = 0, 0, [0, 0]
    for load, copy, step in costs:
        loaded += load
        copied = max(loaded, copied, ends[-2]) + copy
        ends.append(max(copied, ends[-1]) + step)
    return ends[-1]
