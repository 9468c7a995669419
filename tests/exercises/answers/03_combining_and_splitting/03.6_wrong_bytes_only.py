"""Compares bytes alone: another shape or dtype with the same bytes counts as a copy.

Rejected by: same bytes are not the same picture
Saying: shape and the dtype into the key
"""


def find_leaks(train, test):
    places = {}
    for i in range(len(train)):
        places.setdefault(train[i][0].numpy().tobytes(), []).append(i)
    return sorted((i, j) for j in range(len(test)) for i in places.get(test[j][0].numpy().tobytes(), []))
