"""Turns the workers off on a single core, without a word.

Rejected by: half of the cores, and at least one worker
Saying: turns the workers off without a word
"""


def usable_cores(affinity, cpu_max):
    cores = len(affinity)
    if cpu_max is not None and not cpu_max.startswith("max"):
        quota, period = cpu_max.split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def first_guess(cores, loaders=1):
    return cores // 2 // loaders
