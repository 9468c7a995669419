"""Takes a batch that is None for the end.

Rejected by: every batch once, in order
Saying: whatever it is
"""


def one_ahead(batches, copies):
    source, begun, failure = iter(batches), deque(), None
    try:
        while True:
            try:
                batch = next(source, None)
            except Exception as error:
                batch, failure = None, error
            if batch is not None:
                begun.append(copies.begin(batch))
            if len(begun) == 2 or (begun and batch is None):
                yield copies.finish(begun.popleft())
            if batch is None:
                break
        if failure is not None:
            raise failure
    finally:
        for ticket in begun:
            copies.finish(ticket)
