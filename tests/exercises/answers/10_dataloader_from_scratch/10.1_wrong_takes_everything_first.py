"""Makes a list of the order before the first batch.

Rejected by: any order, also one without an end
Saying: for an order without an end it never comes back
"""


def cut(order, batch_size, drop_last=False):
    indices = list(order)
    for start in range(0, len(indices), batch_size):
        batch = indices[start : start + batch_size]
        if len(batch) == batch_size or not drop_last:
            yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
