"""Forgets the affinity where there is a quota.

Rejected by: the smaller limit counts
Saying: Both limits hold at the same time
"""


def usable_cores(affinity, cpu_max):
    if cpu_max is not None and not cpu_max.startswith("max"):
        quota, period = cpu_max.split()
        return max(1, math.ceil(int(quota) / int(period)))
    return len(affinity)


def first_guess(cores, loaders=1):
    return max(1, cores // 2 // loaders)
