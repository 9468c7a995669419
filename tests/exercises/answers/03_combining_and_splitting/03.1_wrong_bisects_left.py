"""Takes the left version of bisect: an index equal to an end stays in the part before.

Rejected by: every index of several parts
Saying: equals one of the ends
"""


def locate(ends, index):
    part = bisect.bisect_left(ends, index)
    return part, index - (ends[part - 1] if part > 0 else 0)
