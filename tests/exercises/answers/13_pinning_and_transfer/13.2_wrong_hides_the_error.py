"""Ends the epoch at an error, as if there were no more batches.

Rejected by: an error waits for its turn
Saying: nothing hides it
"""


def one_ahead(batches, copies):
    begun = deque()
    try:
        try:
            for batch in batches:
                begun.append(copies.begin(batch))
                if len(begun) == 2:
                    yield copies.finish(begun.popleft())
        except Exception:
            pass
        if begun:
            yield copies.finish(begun.popleft())
    finally:
        for ticket in begun:
            copies.finish(ticket)
