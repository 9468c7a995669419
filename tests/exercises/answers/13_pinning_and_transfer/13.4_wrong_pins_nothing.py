"""Returns the batch as it is: safe, and of no use.

Rejected by: host memory is pinned once
Saying: that is not pinned yet is pinned, once
"""


def pin_batch(batch, has_gpu):
    return dict(batch)
