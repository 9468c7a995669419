"""Takes the mean, which one disturbed pass decides.

Rejected by: the shortest median
Saying: One disturbed or lucky pass

"""

from statistics import mean


def choose(measured):
    means = {workers: mean(times) for workers, times in measured.items() if times}
    if not means:
        raise ValueError("every number of workers has crashed")
    limit = 1.05 * min(means.values())
    return min(workers for workers, middle in means.items() if middle <= limit)


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
