"""Reads `depth` items at a time, when the consumer asks: nothing happens in the background.

Rejected by: it works ahead
Saying: Who reads the source while nobody calls `next`?
"""


def prefetch(source, depth):
    items = iter(source)
    while True:
        ahead = list(islice(items, depth))
        if not ahead:
            return
        yield from ahead
