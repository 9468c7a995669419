"""Returns milliseconds.

Rejected by: without workers, one after the other
Saying: Is your result in seconds?
"""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return cpu + wait + compute
    return max((cpu + wait) / workers, cpu / cores, compute)


def enough_workers(cpu, wait, compute, cores):
    return math.ceil((cpu + wait) / max(cpu / cores, compute))
