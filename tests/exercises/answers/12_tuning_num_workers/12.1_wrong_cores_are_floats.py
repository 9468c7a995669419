"""Gives 4.0 cores: rounds up with `//` on floats.

Rejected by: a quota is measured in periods
Saying: A number of cores is an int
"""


def usable_cores(affinity, cpu_max):
    cores = len(affinity)
    if cpu_max is not None:
        quota, period = cpu_max.split()
        if quota != "max":
            cores = min(cores, -(-float(quota) // float(period)))
    return max(1, cores)


def first_guess(cores, loaders=1):
    return max(1, cores // 2 // loaders)
