"""Remembers one place for each input, so that repeats are missed.

Rejected by: every pair is listed
Saying: Keep a list of places
"""


def find_leaks(train, test):
    def key(tensor):
        return tuple(tensor.shape), tensor.dtype, tensor.numpy().tobytes()

    places = {key(train[i][0]): i for i in range(len(train))}
    keys = [key(test[j][0]) for j in range(len(test))]
    return sorted((places[each], j) for j, each in enumerate(keys) if each in places)
