"""Believes that every period is 100,000 microseconds.

Rejected by: a quota is measured in periods
Saying: The text has two numbers
"""


def usable_cores(affinity, cpu_max):
    cores = len(affinity)
    if cpu_max is not None and not cpu_max.startswith("max"):
        cores = min(cores, math.ceil(int(cpu_max.split()[0]) / 100_000))
    return max(1, cores)


def first_guess(cores, loaders=1):
    return max(1, cores // 2 // loaders)
