"""Lets an error of the batches out at once: the batch before it is lost.

Rejected by: an error waits for its turn
Saying: The batches before the error are yielded first
"""


def one_ahead(batches, copies):
    ahead = None
    try:
        for batch in batches:
            following = copies.begin(batch)
            if ahead is not None:
                ready, ahead = copies.finish(ahead), following
                yield ready
            ahead = following
        if ahead is not None:
            last, ahead = ahead, None
            yield copies.finish(last)
    finally:
        if ahead is not None:
            copies.finish(ahead)
