"""Cuts the first batch when it is called, and not when a batch is asked for.

Rejected by: any order, also one without an end
Saying: before a batch is asked for
"""


def cut(order, batch_size, drop_last=False):
    indices = iter(order)
    first = list(islice(indices, batch_size))

    def batches():
        batch = first
        while batch:
            if len(batch) == batch_size or not drop_last:
                yield batch
            batch = list(islice(indices, batch_size))

    return batches()


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
