"""Finds nothing, whatever it is given.

Rejected by: asked twice, answered twice the same
Saying: Read every index twice in a row
"""


def broken_properties(dataset):
    return []
