"""Never asks below the first sample.

Rejected by: both bounds
Saying: Ask for both of them
"""


def broken_properties(dataset):
    n = len(dataset)
    broken = []
    try:
        if not all(same_sample(dataset[i], dataset[i]) for i in range(n)):
            broken.append("deterministic")
    except Exception:
        broken.append("deterministic")
    try:
        dataset[n]
        broken.append("bounded")
    except IndexError:
        pass
    except Exception:
        broken.append("bounded")
    try:
        forwards = [dataset[i] for i in range(n)]
        backwards = [dataset[i] for i in range(n - 1, -1, -1)][::-1]
        if not all(map(same_sample, forwards, backwards)):
            broken.append("consistent")
    except Exception:
        broken.append("consistent")
    return broken
