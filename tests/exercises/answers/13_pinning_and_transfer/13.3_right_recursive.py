"""Asks each moment for the moments that it waits for."""

from functools import lru_cache


def sequential_time(costs):
    return sum(load + copy + step for load, copy, step in costs)


def overlapped_time(costs, slots=2):
    @lru_cache(None)
    def end(unit, number):
        if number < 0:
            return 0
        waits = [end(unit, number - 1)]
        if unit > 0:
            waits.append(end(unit - 1, number))
        if unit == 1:
            waits.append(end(2, number - slots))
        return max(waits) + costs[number][unit]

    return end(2, len(costs) - 1)
