"""Asks whether the ticket is true: the first one is 0, so the first batch is lost.

Rejected by: every batch once, in order
Saying: once for each batch and in order
"""


def one_ahead(batches, copies):
    ahead = None
    for batch in batches:
        following = copies.begin(batch)
        if ahead:
            yield copies.finish(ahead)
        ahead = following
    if ahead:
        yield copies.finish(ahead)
