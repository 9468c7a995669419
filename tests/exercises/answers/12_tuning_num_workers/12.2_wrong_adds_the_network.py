"""Adds the network's time to that of the workers, as if nothing overlapped.

Rejected by: the network is a stage, too
Saying: Stages side by side do not add up
"""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return (cpu + wait + compute) / 1000
    return (max((cpu + wait) / workers, cpu / cores) + compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    return math.ceil((cpu + wait) / max(cpu / cores, compute))
