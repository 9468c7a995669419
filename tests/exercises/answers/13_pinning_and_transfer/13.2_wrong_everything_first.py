"""Begins all copies before it yields the first batch: the whole epoch lies on the device.

Rejected by: one ahead and no more
Saying: when batch i is yielded, those up to i + 1
"""


def one_ahead(batches, copies):
    begun = [copies.begin(batch) for batch in batches]
    while begun:
        yield copies.finish(begun.pop(0))
