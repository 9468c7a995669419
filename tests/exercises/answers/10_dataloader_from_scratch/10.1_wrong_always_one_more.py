"""Counts a rest where there is none.

Rejected by: the number of batches
Saying: one more if there is a rest to keep
"""


def cut(order, batch_size, drop_last=False):
    batch = []
    for index in order:
        batch.append(index)
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch and not drop_last:
        yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size + (0 if drop_last else 1)
