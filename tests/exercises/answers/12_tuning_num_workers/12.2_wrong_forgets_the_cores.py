"""Divides the computing by any number of workers.

Rejected by: the cores bound the computing
Saying: Sixteen workers on four cores
"""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return (cpu + wait + compute) / 1000
    return max((cpu + wait) / workers, compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    return math.ceil((cpu + wait) / compute)
