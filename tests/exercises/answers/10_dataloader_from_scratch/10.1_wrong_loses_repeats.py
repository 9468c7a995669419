"""Makes each batch free of repeats.

Rejected by: no index lost, doubled or moved
Saying: An index that comes twice in the order comes twice
"""


def cut(order, batch_size, drop_last=False):
    indices = iter(order)
    while batch := list(islice(indices, batch_size)):
        if len(batch) == batch_size or not drop_last:
            yield list(dict.fromkeys(batch))


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
