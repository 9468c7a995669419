"""Climbs to the next number that was measured, over those that were not.

Rejected by: the rule begins at half of the cores
Saying: the climb ends, though a larger one was
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
    for more in sorted(number for number in measured if number > workers):
        if not measured[more] or median(measured[more]) >= 0.95 * median(measured[workers]):
            break
        workers = more
    return workers


def loss(measured, workers):
    fastest = min(median(times) for times in measured.values() if times)
    return median(measured[workers]) / fastest - 1
