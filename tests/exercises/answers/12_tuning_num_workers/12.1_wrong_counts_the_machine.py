"""Asks how many cores the machine has, as the lecture's rule does.

Rejected by: the cores of this process
Saying: whatever their numbers are and however many the machine has
"""

import os


def usable_cores(affinity, cpu_max):
    cores = os.cpu_count() + 100
    if cpu_max is not None and not cpu_max.startswith("max"):
        quota, period = cpu_max.split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    return cores


def first_guess(cores, loaders=1):
    return max(1, cores // 2 // loaders)
