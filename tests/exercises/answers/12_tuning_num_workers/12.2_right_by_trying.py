"""Finds enough workers by trying one number after the other."""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    stages = [cpu / cores, compute, (cpu + wait) / workers] if workers else [cpu + wait + compute]
    return max(stages) * 1e-3


def enough_workers(cpu, wait, compute, cores):
    workers = 0
    while (cpu + wait) * cores > workers * max(cpu, compute * cores):
        workers += 1
    return workers
