"""Clears the list that it has just handed out: all batches are one object.

Rejected by: no index lost, doubled or moved
Saying: goes on changing after it was yielded
"""


def cut(order, batch_size, drop_last=False):
    batch = []
    for index in order:
        batch.append(index)
        if len(batch) == batch_size:
            yield batch
            batch.clear()
    if batch and not drop_last:
        yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
