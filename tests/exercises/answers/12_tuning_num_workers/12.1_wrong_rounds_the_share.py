"""Rounds the share of a loader to the nearest number.

Rejected by: several loaders share the cores
Saying: not to the nearest number
"""


def usable_cores(affinity, cpu_max):
    cores = len(affinity)
    if cpu_max is not None:
        quota, period = cpu_max.split()
        if quota != "max":
            cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def first_guess(cores, loaders=1):
    return max(1, round(cores / 2 / loaders))
