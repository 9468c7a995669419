"""Finishes a last copy, though there may have been no batch at all.

Rejected by: every batch once, in order
Saying: with no batch, none
"""


def one_ahead(batches, copies):
    ahead, failure = None, None
    try:
        for batch in batches:
            following = copies.begin(batch)
            if ahead is not None:
                yield copies.finish(ahead)
            ahead = following
    except OSError as error:
        failure = error
    yield copies.finish(ahead)
    if failure:
        raise failure
