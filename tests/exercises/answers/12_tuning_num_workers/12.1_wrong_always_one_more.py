"""Rounds down and adds one, for a quota of exactly six cores as well.

Rejected by: a quota is measured in periods
Saying: nothing is left over
"""


def usable_cores(affinity, cpu_max):
    cores = len(affinity)
    if cpu_max is not None:
        quota, period = cpu_max.split()
        if quota != "max":
            cores = min(cores, int(quota) // int(period) + 1)
    return max(1, cores)


def first_guess(cores, loaders=1):
    return max(1, cores // 2 // loaders)
