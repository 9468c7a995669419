"""Climbs by doubling, then takes thirds of what lies between its neighbours."""


def find_workers(measure, start, most):
    times, ceiling = {}, most

    def ask(workers):
        nonlocal ceiling
        if workers > ceiling:
            return math.inf
        if workers not in times:
            try:
                times[workers] = measure(workers)
            except Exception:
                times[workers], ceiling = math.inf, workers - 1
        return times[workers]

    ask(start)
    ask(0)
    top = max(1, start)
    while top > 1 and ask(top) == math.inf:
        top //= 2
    while top * 2 <= ceiling and ask(top * 2) < ask(top):
        top *= 2
    while top > 1 and ask(top // 2) < ask(top):
        top //= 2
    low, high = max(1, top // 2), min(ceiling, top * 2)
    while high - low > 2:
        one, other = low + (high - low) // 3, high - (high - low) // 3
        if ask(one) < ask(other):
            high = other
        else:
            low = one
    for workers in range(low, high + 1):
        ask(workers)
    working = {workers: seconds for workers, seconds in times.items() if seconds < math.inf}
    if not working:
        raise RuntimeError("nothing works")
    good = [workers for workers in working if working[workers] <= 1.05 * min(working.values())]
    return min(good)
