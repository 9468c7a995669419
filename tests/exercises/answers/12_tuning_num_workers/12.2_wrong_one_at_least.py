"""Wants a worker even for nothing.

Rejected by: nothing to load needs no worker
Saying: 0 workers are as fast as any number
"""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return (cpu + wait + compute) / 1000
    return max((cpu + wait) / workers, cpu / cores, compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    return max(1, math.ceil((cpu + wait) / max(cpu / cores, compute)))
