"""Is lazy without drop_last only: with it, it needs the whole order to know what to drop.

Rejected by: any order, also one without an end
Saying: with drop_last=True
"""


def cut(order, batch_size, drop_last=False):
    if drop_last:
        order = list(order)
        order = order[: len(order) - len(order) % batch_size]
    indices = iter(order)
    while batch := list(islice(indices, batch_size)):
        yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
