"""Takes every exception for a bound.

Rejected by: both bounds
Saying: raises KeyError outside
"""


def broken_properties(dataset):
    n = len(dataset)
    broken = []
    try:
        if not all(same_sample(dataset[i], dataset[i]) for i in range(n)):
            broken.append("deterministic")
    except Exception:
        broken.append("deterministic")
    for index in (n, -n - 1):
        try:
            dataset[index]
        except Exception:
            continue
        broken.append("bounded")
        break
    try:
        forwards = [dataset[i] for i in range(n)]
        backwards = [dataset[i] for i in range(n - 1, -1, -1)][::-1]
        if not all(map(same_sample, forwards, backwards)):
            broken.append("consistent")
    except Exception:
        broken.append("consistent")
    return broken
