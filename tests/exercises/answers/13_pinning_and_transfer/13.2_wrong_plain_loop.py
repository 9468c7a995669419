"""Finishes each copy as soon as it has begun: nothing overlaps.

Rejected by: the next copy begins first
Saying: has begun when that of batch i is finished
"""


def one_ahead(batches, copies):
    for batch in batches:
        yield copies.finish(copies.begin(batch))
