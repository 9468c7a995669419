"""Tries one number after the other in the law itself: equal quotients are equal floats."""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return (cpu + wait + compute) / 1000
    return max((cpu + wait) / workers, cpu / cores, compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    shortest = max(cpu / cores, compute) / 1000
    workers = 1 if cpu + wait > 0 else 0
    while workers and seconds_per_batch(cpu, wait, compute, workers, cores) > shortest:
        workers += 1
    return workers
