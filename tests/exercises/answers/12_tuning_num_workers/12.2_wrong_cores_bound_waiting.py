"""Lets no more workers wait than there are cores.

Rejected by: workers share the work
Saying: not how many workers wait
"""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return (cpu + wait + compute) / 1000
    return max((cpu + wait) / min(workers, cores), compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    return min(cores, math.ceil((cpu + wait) / compute))
