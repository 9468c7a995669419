"""Rounds the number of workers down.

Rejected by: enough is the fewest that nobody beats
Saying: until the workers are no longer the slowest stage
"""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return (cpu + wait + compute) / 1000
    return max((cpu + wait) / workers, cpu / cores, compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    return int((cpu + wait) // max(cpu / cores, compute))
