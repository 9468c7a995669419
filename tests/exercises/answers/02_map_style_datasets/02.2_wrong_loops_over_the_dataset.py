"""Iterates over the dataset, which an endless one never lets it finish.

Rejected by: comes back from an endless dataset
Saying: loop over range(len(dataset))
"""


def broken_properties(dataset):
    broken = []
    try:
        first, second = list(dataset), list(dataset)
        same = all(map(same_sample, first, second))
    except Exception:
        same = False
    if not same:
        broken.append("deterministic")
    for index in (len(dataset), -len(dataset) - 1):
        try:
            dataset[index]
            broken.append("bounded")
            break
        except IndexError:
            pass
        except Exception:
            broken.append("bounded")
            break
    if not same:
        broken.append("consistent")
    return broken
