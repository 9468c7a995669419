"""Reads both parts once into memory, and compares every pair of tensors there."""


def find_leaks(train, test):
    left = [train[i][0] for i in range(len(train))]
    right = [test[j][0] for j in range(len(test))]
    return [
        (i, j)
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)
    ]
