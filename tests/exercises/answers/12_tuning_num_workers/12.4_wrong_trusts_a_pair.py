"""Bisects by comparing neighbours, which differ by less than the noise where many workers help.

Rejected by: near the optimum, for every kind of work
Saying: Compare numbers that lie far apart
"""


def find_workers(measure, start, most):
    times = {}
    limit = most

    def time_of(workers):
        nonlocal limit
        if workers > limit:
            return math.inf
        if workers not in times:
            try:
                times[workers] = measure(workers)
            except Exception:
                times[workers] = math.inf
                limit = workers - 1
        return times[workers]

    time_of(start)
    time_of(0)
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if time_of(middle + 1) < time_of(middle):
            low = middle + 1
        else:
            high = middle
    time_of(low)
    shortest = min(times.values())
    if shortest == math.inf:
        raise RuntimeError("nothing works")
    return min(workers for workers, seconds in times.items() if seconds <= 1.05 * shortest)
