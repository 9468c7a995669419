"""Collects all batches in a list: right and in order, but the consumer gets the first one at the very end.

Rejected by: one ahead and no more
Saying: Before the first `next()` none
"""


def one_ahead(batches, copies):
    arrived, ahead = [], None
    for batch in batches:
        following = copies.begin(batch)
        if ahead is not None:
            arrived.append(copies.finish(ahead))
        ahead = following
    if ahead is not None:
        arrived.append(copies.finish(ahead))
    return arrived
