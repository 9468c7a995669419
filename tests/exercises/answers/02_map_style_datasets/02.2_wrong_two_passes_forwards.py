"""Reads everything twice in the same direction.

Rejected by: whatever the order
Saying: Two passes in the same direction see nothing
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
        except IndexError:
            continue
        except Exception:
            pass
        broken.append("bounded")
        break
    try:
        first = [dataset[i] for i in range(n)]
        second = [dataset[i] for i in range(n)]
        if not all(map(same_sample, first, second)):
            broken.append("consistent")
    except Exception:
        broken.append("consistent")
    return broken
