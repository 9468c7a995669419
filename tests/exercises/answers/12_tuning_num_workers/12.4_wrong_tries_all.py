"""Measures every number there is.

Rejected by: few calls, and none twice
Saying: Steps that double and halve need few calls
"""


def find_workers(measure, start, most):
    times = {}
    for workers in [start, *(number for number in range(most + 1) if number != start)]:
        try:
            times[workers] = measure(workers)
        except Exception:
            if workers != start:
                break
    if not times:
        raise RuntimeError("nothing works")
    shortest = min(times.values())
    return min(workers for workers, seconds in times.items() if seconds <= 1.05 * shortest)
