"""Keeps an OSError, and no other kind of error.

Rejected by: an error waits for its turn
Saying: `except Exception` keeps every kind
"""


def one_ahead(batches, copies):
    source, begun, failure = iter(batches), deque(), None
    try:
        while failure is None:
            try:
                batch = next(source)
            except (OSError, StopIteration) as error:
                failure = error
            else:
                begun.append(copies.begin(batch))
            if len(begun) == 2 or (begun and failure is not None):
                yield copies.finish(begun.popleft())
        if not isinstance(failure, StopIteration):
            raise failure
    finally:
        for ticket in begun:
            copies.finish(ticket)
