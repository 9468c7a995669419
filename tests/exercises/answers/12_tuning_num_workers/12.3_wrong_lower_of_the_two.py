"""Takes the lower one of the two in the middle for the median.

Rejected by: the shortest median
Saying: the mean of the two in the middle
"""


def median(times):
    return sorted(times)[(len(times) - 1) // 2]


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
    fastest = min(median(times) for times in measured.values() if times)
    return median(measured[workers]) / fastest - 1
