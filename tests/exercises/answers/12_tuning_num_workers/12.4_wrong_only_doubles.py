"""Doubles and halves, and never looks between two powers.

Rejected by: near the optimum, for every kind of work
Saying: smaller ones around the best so far
"""


def find_workers(measure, start, most):
    times = {}
    limit = most
    for workers in (start, 0):
        try:
            times[workers] = measure(workers)
        except Exception:
            times[workers] = math.inf
            limit = min(limit, workers - 1)
    workers = 1
    while workers <= limit:
        if workers not in times:
            try:
                times[workers] = measure(workers)
            except Exception:
                break
        workers *= 2
    shortest = min(times.values())
    if shortest == math.inf:
        raise RuntimeError("nothing works")
    return min(workers for workers, seconds in times.items() if seconds <= 1.05 * shortest)
