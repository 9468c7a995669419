"""Yields in the order of arrival.

Rejected by: the order of the numbers
Saying: Keep a batch that is early
"""


def in_order(answers):
    for _, batch in answers:
        yield batch
