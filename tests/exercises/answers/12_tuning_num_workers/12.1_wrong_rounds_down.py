"""Rounds a part of a core down.

Rejected by: part of a core counts as a whole one
Saying: round up
"""


def usable_cores(affinity, cpu_max):
    cores = len(affinity)
    if cpu_max is not None and not cpu_max.startswith("max"):
        quota, period = cpu_max.split()
        cores = min(cores, int(quota) // int(period))
    return max(1, cores)


def first_guess(cores, loaders=1):
    return max(1, cores // 2 // loaders)
