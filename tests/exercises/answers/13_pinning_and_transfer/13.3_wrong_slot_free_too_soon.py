"""Frees a slot when its step begins: the next copy overwrites what the step reads.

Rejected by: a slot is free when its step has ended
Saying: From when to when does a batch keep its slot?
"""


def sequential_time(costs):
    return sum(map(sum, costs))


def overlapped_time(costs, slots=2):
    loaded, copied, ended, begins = 0, 0, 0, [0] * slots
    for load, copy, step in costs:
        loaded += load
        copied = max(loaded, copied, begins[-slots]) + copy
        begins.append(max(copied, ended))
        ended = begins[-1] + step
    return ended
