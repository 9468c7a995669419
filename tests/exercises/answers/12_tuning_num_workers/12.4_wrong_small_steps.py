"""Climbs by one, and stops at the first number that brings little: on a slope of many small steps, too early.

Rejected by: near the optimum, for every kind of work
Saying: Large steps first
"""


def find_workers(measure, start, most):
    times = {}

    def time_of(workers):
        if workers not in times:
            try:
                times[workers] = measure(workers)
            except Exception:
                times[workers] = math.inf
        return times[workers]

    workers = start
    time_of(0)
    while workers < most and time_of(workers + 1) < 0.95 * time_of(workers):
        workers += 1
    shortest = min(times.values())
    if shortest == math.inf:
        raise RuntimeError("nothing works")
    return min(workers for workers, seconds in times.items() if seconds <= 1.05 * shortest)
