"""Rounds up by integer arithmetic, and splits the text at its space."""


def usable_cores(affinity, cpu_max):
    limit = len(set(affinity))
    words = (cpu_max or "max 1").split(" ")
    if words[0] != "max":
        limit = min(limit, -(-int(words[0]) // int(words[1])))
    return limit if limit > 0 else 1


def first_guess(cores, loaders=1):
    share = cores // (2 * loaders)
    return share if share >= 1 else 1
