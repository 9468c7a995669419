"""Finds the first end behind the index by steps of falling powers of two."""


def locate(ends, index):
    part, start = 0, 0
    for power in reversed(range(len(ends).bit_length())):
        step = part + 2**power
        if step <= len(ends) and ends[step - 1] <= index:
            part, start = step, ends[step - 1]
    return part, index - start
