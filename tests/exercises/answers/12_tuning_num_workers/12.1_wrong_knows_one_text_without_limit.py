"""Compares the whole text with "max 100000": another period without a limit is taken for a number.

Rejected by: the cores of this process
Saying: whatever period stands behind it
"""


def usable_cores(affinity, cpu_max):
    cores = len(affinity)
    if cpu_max not in (None, "max 100000"):
        quota, period = cpu_max.split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def first_guess(cores, loaders=1):
    return max(1, cores // 2 // loaders)
