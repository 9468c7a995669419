"""Halves, but on a copy of all ends.

Rejected by: few entries are read
Saying: entries of `ends` read
"""


def locate(ends, index):
    copied = list(ends)
    part = bisect.bisect_right(copied, index)
    return part, index - [0, *copied][part]
