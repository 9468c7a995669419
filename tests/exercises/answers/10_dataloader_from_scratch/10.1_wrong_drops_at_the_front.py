"""With drop_last it makes a list of the order, and leaves out the first indices.

Rejected by: a short batch is left out when asked
Saying: and nothing at the front
"""


def cut(order, batch_size, drop_last=False):
    if drop_last:
        order = list(order)
        order = order[len(order) % batch_size :]
    indices = iter(order)
    while batch := list(islice(indices, batch_size)):
        yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
