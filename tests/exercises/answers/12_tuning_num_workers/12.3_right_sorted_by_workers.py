"""Walks through the numbers from few to many, and leaves at the first that is good enough."""


def middle_of(times):
    ordered = sorted(times)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def choose(measured):
    working = sorted(workers for workers in measured if len(measured[workers]) > 0)
    if len(working) == 0:
        raise ValueError("nothing came through")
    shortest = min(middle_of(measured[workers]) for workers in working)
    for workers in working:
        if middle_of(measured[workers]) <= shortest * 1.05:
            return workers


def follow_the_rule(measured, cores):
    workers = cores // 2 or 1
    while len(measured[workers]) == 0:
        workers = workers // 2
    while True:
        here, next_times = middle_of(measured[workers]), measured.get(workers + 1, [])
        if not next_times or middle_of(next_times) >= 0.95 * here:
            return workers
        workers += 1


def loss(measured, workers):
    shortest = min(middle_of(times) for times in measured.values() if times)
    return (middle_of(measured[workers]) - shortest) / shortest
