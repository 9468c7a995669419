"""Walks to 0 as well, and stands there: fewer workers than many are slower.

Rejected by: near the optimum, for every kind of work
Saying: do not stand on it
"""


def find_workers(measure, start, most):
    times = {}
    limit = most

    def time_of(workers):
        nonlocal limit
        if workers not in times:
            try:
                times[workers] = measure(workers)
            except Exception:
                times[workers] = math.inf
                limit = min(limit, workers - 1)
        return times[workers]

    best, gap = start, max(1, start)
    time_of(start)
    time_of(0)
    while gap >= 1:
        better = best
        for workers in (best - gap, best + gap):
            if 0 <= workers <= limit and time_of(workers) < time_of(better):
                better = workers
        gap = gap // 2 if better == best else gap * 2
        best = better
    shortest = min(times.values())
    if shortest == math.inf:
        raise RuntimeError("no number of workers has come through, not even 0")
    return min(workers for workers, seconds in times.items() if seconds <= 1.05 * shortest)
