"""Takes the highest core number for the count.

Rejected by: the cores of this process
Saying: Count the elements of the set
"""


def usable_cores(affinity, cpu_max):
    cores = max(affinity) + 1
    if cpu_max is not None and not cpu_max.startswith("max"):
        quota, period = cpu_max.split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    return cores


def first_guess(cores, loaders=1):
    return max(1, cores // 2 // loaders)
