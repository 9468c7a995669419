"""Writes the binary search itself."""


def locate(ends, index):
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if ends[middle] <= index:
            low = middle + 1
        else:
            high = middle
    return low, index - (ends[low - 1] if low else 0)
