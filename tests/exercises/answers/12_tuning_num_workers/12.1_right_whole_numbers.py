"""Rounds up with whole numbers only, and asks for digits instead of the word `max`."""


def usable_cores(affinity, cpu_max):
    limits = [len(affinity)]
    quota, _, period = (cpu_max or "max").partition(" ")
    if quota.isdigit():
        limits.append(-(-int(quota) // int(period)))
    return min(limits)


def first_guess(cores, loaders=1):
    return max(cores // (2 * loaders), 1)
