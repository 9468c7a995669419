"""Tries up to 256 workers.

Rejected by: enough is the fewest that nobody beats
Saying: The law knows no largest number
"""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return (cpu + wait + compute) / 1000
    return max((cpu + wait) / workers, cpu / cores, compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    times = [seconds_per_batch(cpu, wait, compute, workers, cores) for workers in range(257)]
    return times.index(min(times))
