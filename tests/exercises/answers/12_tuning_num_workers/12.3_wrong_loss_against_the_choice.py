"""Measures the loss against the number that `choose` takes.

Rejected by: the loss is a share of the shortest time
Saying: not against the number that `choose` would take
"""


def choose(measured):
    medians = {workers: median(times) for workers, times in measured.items() if times}
    if not medians:
        raise ValueError("every number of workers has crashed, so there is none to choose")
    limit = 1.05 * min(medians.values())
    return min(workers for workers, middle in medians.items() if middle <= limit)


def follow_the_rule(measured, cores):
    workers = max(1, cores // 2)
    while not measured[workers]:
        workers //= 2
    while measured.get(workers + 1) and median(measured[workers + 1]) < 0.95 * median(measured[workers]):
        workers += 1
    return workers


def loss(measured, workers):
    fastest = median(measured[choose(measured)])
    return median(measured[workers]) / fastest - 1
