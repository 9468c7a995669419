"""Forgets the copy that has begun when the loop ends.

Rejected by: every batch once, in order
Saying: one copy has begun and was not yielded
"""


def one_ahead(batches, copies):
    ahead = None
    for batch in batches:
        following = copies.begin(batch)
        if ahead is not None:
            yield copies.finish(ahead)
        ahead = following
