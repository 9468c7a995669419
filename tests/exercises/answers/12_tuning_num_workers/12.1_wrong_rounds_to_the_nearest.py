"""Rounds to the nearest number, which is right for the 1.5 of the example.

Rejected by: part of a core counts as a whole one
Saying: So do 1.2 cores
"""


def usable_cores(affinity, cpu_max):
    cores = len(affinity)
    if cpu_max is not None:
        quota, period = cpu_max.split()
        if quota != "max":
            cores = min(cores, round(int(quota) / int(period)))
    return max(1, cores)


def first_guess(cores, loaders=1):
    return max(1, cores // 2 // loaders)
