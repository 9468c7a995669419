"""Keeps every error until the last batch is yielded, that of a lost copy as well.

Rejected by: an error waits for its turn
Saying: Your `except` surrounds too much
"""


def one_ahead(batches, copies):
    begun, failure = deque(), None
    try:
        try:
            for batch in batches:
                begun.append(copies.begin(batch))
                if len(begun) == 2:
                    yield copies.finish(begun.popleft())
        except Exception as error:
            failure = error
        if begun:
            yield copies.finish(begun.popleft())
        if failure is not None:
            raise failure
    finally:
        for ticket in begun:
            copies.finish(ticket)
