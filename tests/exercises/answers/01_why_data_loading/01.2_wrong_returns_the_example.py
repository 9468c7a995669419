"""Knows the example of the statement by heart.

Rejected by: in order, every index once
Saying: The batches are neighbouring slices
"""


def batches_of_indices(n, batch_size, shuffle=False, drop_last=False, generator=None):
    return [[0, 1], [2, 3], [4]]
