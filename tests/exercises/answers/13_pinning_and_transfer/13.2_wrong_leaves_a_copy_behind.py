"""Overlaps well, but after a break nobody waits for the copy that has begun.

Rejected by: nothing is left behind
Saying: Every copy that has begun is finished, once
"""


def one_ahead(batches, copies):
    ahead, failure = None, None
    try:
        for batch in batches:
            following = copies.begin(batch)
            if ahead is not None:
                yield copies.finish(ahead)
            ahead = following
    except Exception as error:
        failure = error
    if ahead is not None:
        yield copies.finish(ahead)
    if failure is not None:
        raise failure
