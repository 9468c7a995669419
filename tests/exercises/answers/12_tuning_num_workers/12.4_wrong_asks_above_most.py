"""Lets `measure` say itself that there is no such number of workers.

Rejected by: few calls, and none twice
Saying: an int from 0 to `most`
"""


def find_workers(measure, start, most):
    times = {}
    limit = 2 * most

    def time_of(workers):
        nonlocal limit
        if workers not in times:
            try:
                times[workers] = measure(workers)
            except Exception:
                times[workers] = math.inf
                limit = min(limit, workers - 1)
        return times[workers]

    time_of(start)
    time_of(0)  # no neighbour of 1: the walk goes from 1 to the limit
    best = max(1, start)
    while time_of(best) == math.inf and best > 1:
        best //= 2
    gap = best
    while gap >= 1:
        better = best
        for workers in (best - gap, best + gap):
            if 1 <= workers <= limit and time_of(workers) < time_of(better):
                better = workers
        gap = gap // 2 if better == best else gap * 2
        best = better
    shortest = min(times.values())
    if shortest == math.inf:
        raise RuntimeError("no number of workers has come through, not even 0")
    return min(workers for workers, seconds in times.items() if seconds <= 1.05 * shortest)
