"""Compares every step with the number at which the rule began.

Rejected by: a little more, while it helps
Saying: Compare with the present number
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
    first = median(measured[workers])
    while measured.get(workers + 1) and median(measured[workers + 1]) < 0.95 * first:
        workers += 1
    return workers


def loss(measured, workers):
    fastest = min(median(times) for times in measured.values() if times)
    return median(measured[workers]) / fastest - 1
