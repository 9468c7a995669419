"""Halves by hand, and may stop at an empty part.

Rejected by: empty parts hold no index
Saying: ends where it begins
"""


def locate(ends, index):
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        end = ends[middle]
        start = ends[middle - 1] if middle > 0 else 0
        if start == end == index or start <= index < end:
            return middle, index - start
        if index < end:
            high = middle
        else:
            low = middle + 1
    return low, index - (ends[low - 1] if low > 0 else 0)
