"""Lets copies run ahead as far as they like: the device would need room for all batches.

Rejected by: a slot is free when its step has ended
Saying: From when to when does a batch keep its slot?
"""


def sequential_time(costs):
    return sum(map(sum, costs))


def overlapped_time(costs, slots=2):
    loaded = copied = ended = 0
    for load, copy, step in costs:
        loaded += load
        copied = max(loaded, copied) + copy
        ended = max(copied, ended) + step
    return ended
