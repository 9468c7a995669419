"""Yields tuples.

Rejected by: any order, also one without an end
Saying: makes one of a tuple or a slice
"""


def cut(order, batch_size, drop_last=False):
    indices = iter(order)
    while batch := tuple(islice(indices, batch_size)):
        if len(batch) == batch_size or not drop_last:
            yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
