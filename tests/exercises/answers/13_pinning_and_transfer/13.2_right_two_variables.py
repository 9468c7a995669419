"""Keeps the ticket in a variable and asks for batches with next()."""

NOTHING = object()


def one_ahead(batches, copies):
    source, ahead = iter(batches), NOTHING
    try:
        while True:
            failure, following = None, NOTHING
            try:
                following = copies.begin(next(source))
            except StopIteration:
                pass
            except Exception as error:
                failure = error
            if ahead is not NOTHING:
                ready, ahead = copies.finish(ahead), following
                yield ready
            ahead = following
            if failure is not None:
                raise failure
            if following is NOTHING:
                return
    finally:
        if ahead is not NOTHING:
            copies.finish(ahead)
