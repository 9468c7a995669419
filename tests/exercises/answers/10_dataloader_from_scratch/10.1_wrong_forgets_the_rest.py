"""Hands a batch out when it is full, and only then.

Rejected by: no index lost, doubled or moved
Saying: What becomes of the rest
"""


def cut(order, batch_size, drop_last=False):
    batch = []
    for index in order:
        batch.append(index)
        if len(batch) == batch_size:
            yield batch
            batch = []


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
