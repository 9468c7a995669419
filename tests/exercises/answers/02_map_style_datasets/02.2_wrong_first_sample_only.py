"""Judges all samples by the first one.

Rejected by: asked twice, answered twice the same
Saying: Is the last index among those that you read
"""


def broken_properties(dataset):
    n = len(dataset)
    broken = []
    if not same_sample(dataset[0], dataset[0]):
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
    first = dataset[0]
    for index in range(n - 1):
        dataset[index]
    if not same_sample(first, dataset[0]):
        broken.append("consistent")
    return broken
