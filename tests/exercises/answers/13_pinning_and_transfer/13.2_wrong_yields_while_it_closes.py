"""Yields what is left in its `finally`, where nobody takes it after a break.

Rejected by: nothing is left behind
Saying: must not `yield`: nobody is there
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
    finally:
        while begun:
            yield copies.finish(begun.popleft())
    if failure is not None:
        raise failure
