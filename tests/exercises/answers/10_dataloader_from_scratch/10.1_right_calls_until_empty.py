"""Calls a function until it gives an empty list, and computes the number from the rest."""


def cut(order, batch_size, drop_last=False):
    roll = iter(order)
    for batch in iter(lambda: list(islice(roll, batch_size)), []):
        if drop_last and len(batch) < batch_size:
            return
        yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return (n + (0 if drop_last else batch_size - 1)) // batch_size
