"""Lets the luckiest pass decide.

Rejected by: the shortest median
Saying: lucky pass must not decide

"""


def choose(measured):
    best = {workers: min(times) for workers, times in measured.items() if times}
    if not best:
        raise ValueError("every number of workers has crashed")
    return min(best, key=best.get)


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
