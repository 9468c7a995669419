"""Multiplies with the number of loaders, as min(cores, 4 × GPUs) does.

Rejected by: several loaders share the cores
Saying: Half of the cores is for all loaders together
"""


def usable_cores(affinity, cpu_max):
    cores = len(affinity)
    if cpu_max is not None and not cpu_max.startswith("max"):
        quota, period = cpu_max.split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def first_guess(cores, loaders=1):
    return max(1, cores // 2) * loaders
