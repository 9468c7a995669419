"""Takes every error of the order for its end.

Rejected by: no index lost, doubled or moved
Saying: An error of the order comes out of cut
"""


def cut(order, batch_size, drop_last=False):
    indices = iter(order)
    while True:
        batch = []
        try:
            for _ in range(batch_size):
                batch.append(next(indices))
        except Exception:
            if batch and not drop_last:
                yield batch
            return
        yield batch


def number_of_batches(n, batch_size, drop_last=False):
    return n // batch_size if drop_last else -(-n // batch_size)
