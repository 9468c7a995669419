"""Divides twice, and forgives what rounding adds."""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return (cpu + wait + compute) / 1000
    return max((cpu + wait) / workers, cpu / cores, compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    return math.ceil(round((cpu + wait) / max(cpu / cores, compute), 9))
