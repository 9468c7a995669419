"""Divides with a slash and rounds up: exact only for small numbers.

Rejected by: the number of batches
Saying: A division with / rounds large ones
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
    return int(n / batch_size) if drop_last else round(n / batch_size + 0.4999999)
