"""Keeps its place in a class, and begins with the first batch."""


class Batches:
    def __init__(self, order, batch_size, drop_last):
        self.order = order
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.indices = None

    def __iter__(self):
        return self

    def __next__(self):
        if self.indices is None:
            self.indices = iter(self.order)
        batch = []
        for _ in range(self.batch_size):
            try:
                batch.append(next(self.indices))
            except StopIteration:
                break
        if not batch or (self.drop_last and len(batch) < self.batch_size):
            raise StopIteration
        return batch


def cut(order, batch_size, drop_last=False):
    return Batches(order, batch_size, drop_last)


def number_of_batches(n, batch_size, drop_last=False):
    return (n + (0 if drop_last else batch_size - 1)) // batch_size
