"""Takes the slowest stage without workers, too.

Rejected by: without workers, one after the other
Saying: the times add up
"""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    return max((cpu + wait) / max(workers, 1), cpu / cores, compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    return math.ceil((cpu + wait) / max(cpu / cores, compute))
