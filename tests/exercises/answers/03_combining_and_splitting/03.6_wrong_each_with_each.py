"""Compares every training sample with every test sample, reading them again and again.

Rejected by: every sample is read once
Saying: n + m reads
"""


def find_leaks(train, test):
    def key(tensor):
        return tensor.shape, tensor.dtype, tensor.tolist()

    return [
        (i, j) for i in range(len(train)) for j in range(len(test)) if key(train[i][0]) == key(test[j][0])
    ]
