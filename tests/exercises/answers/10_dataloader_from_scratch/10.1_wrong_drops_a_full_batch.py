"""Takes the last batch away, whether it is short or not.

Rejected by: a short batch is left out when asked
Saying: A last batch that is full is not short
"""


def cut(order, batch_size, drop_last=False):
    indices = iter(order)
    waiting = list(islice(indices, batch_size))
    while waiting:
        batch, waiting = waiting, list(islice(indices, batch_size))
        if waiting or not drop_last:
            yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
