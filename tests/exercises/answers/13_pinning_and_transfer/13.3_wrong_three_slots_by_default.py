"""Has three slots where nothing is said.

Rejected by: a slot is free when its step has ended
Saying: Two slots, where nothing else is said
"""


def sequential_time(costs):
    return sum(load + copy + step for load, copy, step in costs)


def overlapped_time(costs, slots=3):
    loaded = copied = 0
    ends = [0] * slots  # of the steps, after as many that were over before the epoch
    for load, copy, step in costs:
        loaded += load
        copied = max(loaded, copied, ends[-slots]) + copy
        ends.append(max(copied, ends[-1]) + step)
    return ends[-1]
