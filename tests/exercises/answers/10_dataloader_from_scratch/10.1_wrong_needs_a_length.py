"""Slices the order, which only sequences allow.

Rejected by: any order, also one without an end
Saying: no `len(order)`
"""


def cut(order, batch_size, drop_last=False):
    for start in range(0, len(order), batch_size):
        batch = list(order[start : start + batch_size])
        if len(batch) == batch_size or not drop_last:
            yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
