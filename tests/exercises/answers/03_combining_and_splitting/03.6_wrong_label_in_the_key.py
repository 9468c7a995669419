"""Compares whole samples, so that a copy under another label passes.

Rejected by: a copy under another label
Saying: Leave the label out
"""


def find_leaks(train, test):
    def key(sample):
        return tuple(sample[0].shape), sample[0].dtype, sample[0].numpy().tobytes(), sample[1]

    places = {}
    for i in range(len(train)):
        places.setdefault(key(train[i]), []).append(i)
    return sorted((i, j) for j in range(len(test)) for i in places.get(key(test[j]), []))
