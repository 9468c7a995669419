"""Subtracts the end before the part also in part 0, where that is the last end.

Rejected by: a single part
Saying: Before part 0
"""


def locate(ends, index):
    part = bisect.bisect_right(ends, index)
    return part, index - ends[part - 1]
