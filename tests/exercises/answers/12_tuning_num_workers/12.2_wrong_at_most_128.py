"""Never asks for more than 128 workers.

Rejected by: enough is the fewest that nobody beats
Saying: The law knows no largest number
"""


def seconds_per_batch(cpu, wait, compute, workers, cores):
    if workers == 0:
        return (cpu + wait + compute) / 1000
    return max((cpu + wait) / workers, cpu / cores, compute) / 1000


def enough_workers(cpu, wait, compute, cores):
    return min(128, math.ceil((cpu + wait) * cores / max(cpu, compute * cores)))
