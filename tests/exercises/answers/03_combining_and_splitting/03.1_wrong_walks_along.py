"""Looks at one part after the other.

Rejected by: few entries are read
Saying: Search by halving
"""


def locate(ends, index):
    start = 0
    for part in range(len(ends)):
        end = ends[part]
        if index < end:
            return part, index - start
        start = end
