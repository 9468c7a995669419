"""Counts a crash as no time at all.

Rejected by: crashes are out
Saying: It has no median, and is never chosen

"""


def choose(measured):
    medians = {workers: median(times) if times else 0.0 for workers, times in measured.items()}
    limit = 1.05 * min(medians.values())
    if limit == 0 and not any(measured.values()):
        raise ValueError("every number of workers has crashed")
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
