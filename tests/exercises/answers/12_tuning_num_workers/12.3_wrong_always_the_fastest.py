"""Takes the shortest median, however small the difference.

Rejected by: fewer workers, if the difference is noise
Saying: of equals the fewest workers win

"""


def choose(measured):
    medians = {workers: median(times) for workers, times in measured.items() if times}
    if not medians:
        raise ValueError("every number of workers has crashed")
    return min(medians, key=medians.get)


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
